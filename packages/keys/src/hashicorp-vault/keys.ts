import type { Vault } from '@ens/vault'
import { z } from 'zod'
import { p256PublicKeyFromPem } from '../ecdsa.ts'
import { keyManagerUnavailable, keyOperationUnsupported, keyTypeMismatch } from '../errors.ts'
import type { SigningKeyVersion } from '../key-manager.ts'
import { callTransit, causeOf, dataOf } from './call.ts'
import type { TransitKey, TransitVersion } from './key-id.ts'

export type Use = 'sign' | 'encrypt'

const CREATED_AS: Record<Use, string> = { sign: 'ecdsa-p256', encrypt: 'aes256-gcm96' }
/** Those that encrypt, and bind associated data. */
const USABLE_AS: Record<Use, RegExp> = {
  sign: /^ecdsa-p256$/,
  encrypt: /^(aes(128|256)-gcm96|x?chacha20-poly1305)$/,
}

/** https://developer.hashicorp.com/vault/api-docs/secret/transit#read-key */
const description = z.object({
  type: z.string(),
  derived: z.boolean().default(false),
  latest_version: z.number().int(),
  /** Older ones sign and encrypt no more; 0 does not restrict. */
  min_encryption_version: z.number().int().default(0),
  min_decryption_version: z.number().int().default(1),
  /** Older ones are destroyed; 0 if none was. */
  min_available_version: z.number().int().default(0),
  /** By number; those below `min_decryption_version` are left out. A signing key says when each was made, and its public key. */
  keys: z.record(z.string(), z.unknown()),
})

const signingVersion = z.object({
  creation_time: z.coerce.date<string>(),
  public_key: z.string(),
})

export type TransitDescription = z.output<typeof description>

/** Throws `key_not_found`; `key_type_mismatch` if the key is not for this use. */
export async function describeKey(
  vault: Vault,
  key: TransitKey,
  use: Use,
  signal?: AbortSignal,
): Promise<TransitDescription> {
  const answer = await callTransit(vault, { key, path: ['keys', key.name], signal })
  const described = dataOf(description, answer)
  if (USABLE_AS[use].test(described.type)) return described
  throw keyTypeMismatch(`key ${key.id} is of type ${described.type}; ${CREATED_AS[use]} is needed`)
}

/** Makes the key with its first version, or finds it. Vault answers alike. */
export async function createKey(
  vault: Vault,
  key: TransitKey,
  use: Use,
  signal?: AbortSignal,
): Promise<void> {
  const body = { type: CREATED_AS[use] }
  await accepted(callTransit(vault, { key, path: ['keys', key.name], body, signal }))
  await describeKey(vault, key, use, signal)
}

/** Returns the number of the version that was made. What a lost connection leaves open is not tried again. */
export async function rotateKey(
  vault: Vault,
  key: TransitKey,
  use: Use,
  signal?: AbortSignal,
): Promise<number> {
  await describeKey(vault, key, use, signal)
  const path = ['keys', key.name, 'rotate']
  const answer = await accepted(
    callTransit(vault, { key, path, body: {}, repeatable: false, signal }),
  )
  // Before 1.12 Vault did not say which version it made; two rotations at once may then both name the later one.
  const made = answer.status === 204 ? await describeKey(vault, key, use, signal) : undefined
  return (made ?? dataOf(description, answer)).latest_version
}

/** Newest first. */
export async function listSigningVersions(
  vault: Vault,
  key: TransitKey,
  signal?: AbortSignal,
): Promise<SigningKeyVersion[]> {
  const described = await describeKey(vault, key, 'sign', signal)
  const numbers = Object.keys(described.keys).map(Number)
  return numbers
    .sort((a, b) => b - a)
    .map((number) => {
      const { createdAt, publicKey } = signingVersionOf(described, number) ?? malformed(key)
      return { id: `${key.id}@${number}`, createdAt, publicKey }
    })
}

/** Undefined if there is no such version (any more). */
export function signingVersionOf({ keys }: TransitDescription, number: number) {
  const parsed = signingVersion.safeParse(keys[number])
  if (!parsed.success) return undefined
  const { creation_time: createdAt, public_key: pem } = parsed.data
  return { createdAt, publicKey: p256PublicKeyFromPem(pem) }
}

/**
 * Vault destroys every version below a number, and never the newest: so a version goes only when it is the oldest that is
 * left. https://developer.hashicorp.com/vault/api-docs/secret/transit#trim-key
 */
export async function destroySigningVersion(
  vault: Vault,
  key: TransitVersion,
  signal?: AbortSignal,
): Promise<void> {
  const described = await describeKey(vault, key, 'sign', signal)
  const { version } = key
  const oldest = Math.max(described.min_available_version, 1)
  if (version < oldest || version > described.latest_version) return
  if (version === described.latest_version)
    throw unsupported(`${key.id}@${version} is its newest version; make a newer one first`)
  if (version > oldest) throw unsupported(`its versions go from the oldest on, ${oldest} first`)
  const path = ['keys', key.name]
  const least = version + 1
  const config = {
    min_decryption_version: Math.max(described.min_decryption_version, least),
    min_encryption_version: Math.max(described.min_encryption_version, least),
  }
  await accepted(callTransit(vault, { key, path: [...path, 'config'], body: config, signal }))
  const trim = { min_available_version: least }
  await accepted(callTransit(vault, { key, path: [...path, 'trim'], body: trim, signal }))
}

function unsupported(reason: string): Error {
  return keyOperationUnsupported(`Vault cannot destroy this version of a key alone: ${reason}`)
}

async function accepted<T extends Awaited<ReturnType<typeof callTransit>>>(
  calling: Promise<T>,
): Promise<T> {
  const answer = await calling
  if (answer.status < 300) return answer
  throw keyManagerUnavailable('Vault took a request for a mistake', { cause: causeOf(answer) })
}

function malformed({ id }: TransitKey): never {
  throw keyManagerUnavailable(`Vault gave a version of key ${id} without its public key`)
}
