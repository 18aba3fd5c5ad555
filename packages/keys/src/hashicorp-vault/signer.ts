import type { Vault, VaultAnswer } from '@ens/vault'
import { z } from 'zod'
import { invalidDigest, keyManagerUnavailable, keyNotFound } from '../errors.ts'
import { guarded } from '../guard.ts'
import type { Signer } from '../key-manager.ts'
import { callTransit, causeOf, dataOf } from './call.ts'
import type { TransitVersion } from './key-id.ts'
import { describeKey, signingVersionOf, type TransitDescription } from './keys.ts'

const DIGEST_LENGTH = 32
const signed = z.object({ signature: z.string() })
/** The version that signed, and base64 of the DER. */
const SIGNATURE = /^vault:v(?<version>\d+):(?<der>[A-Za-z0-9+/]+={0,2})$/

/** Throws `key_not_found` if there is no such version, or it may sign no more. */
export async function transitSigner(
  vault: Vault,
  key: TransitVersion,
  signal?: AbortSignal,
): Promise<Signer> {
  const described = await describeKey(vault, key, 'sign', signal)
  const found = signingVersionOf(described, key.version)
  if (!found || !signs(described, key)) throw noVersion(key)
  return {
    publicKey: found.publicKey,
    sign: (digest, call) => guarded(call, () => sign(vault, key, digest, call?.signal)),
  }
}

/** https://developer.hashicorp.com/vault/api-docs/secret/transit#sign-data */
async function sign(
  vault: Vault,
  key: TransitVersion,
  digest: Uint8Array,
  signal?: AbortSignal,
): Promise<Buffer> {
  if (digest.length !== DIGEST_LENGTH) {
    throw invalidDigest(`the digest has ${digest.length} bytes; SHA-256 has ${DIGEST_LENGTH}`)
  }
  const body = {
    input: Buffer.from(digest).toString('base64'),
    prehashed: true,
    marshaling_algorithm: 'asn1',
    key_version: key.version,
  }
  const path = ['sign', key.name, 'sha2-256']
  const answer = await callTransit(vault, { key, path, body, judged: 500, signal })
  if (answer.status >= 400) throw await refusalToSign(vault, key, answer, signal)
  const { version, der = '' } = SIGNATURE.exec(dataOf(signed, answer).signature)?.groups ?? {}
  if (Number(version) === key.version) return Buffer.from(der, 'base64')
  throw keyManagerUnavailable(`Vault did not sign with version ${key.version} of key ${key.id}`)
}

/** Vault answers 500 if the version was destroyed, or may sign no more, since the signer was made; so it is looked up. */
async function refusalToSign(
  vault: Vault,
  key: TransitVersion,
  answer: VaultAnswer,
  signal?: AbortSignal,
): Promise<Error> {
  const cause = causeOf(answer)
  const described = await describeKey(vault, key, 'sign', signal)
  return signs(described, key)
    ? keyManagerUnavailable(`Vault did not sign with key ${key.id}`, { cause })
    : noVersion(key, cause)
}

function signs(described: TransitDescription, { version }: TransitVersion): boolean {
  const known = signingVersionOf(described, version) !== undefined
  return known && version >= described.min_encryption_version
}

function noVersion({ id, version }: TransitVersion, cause?: Error): Error {
  return keyNotFound(`key ${id} of Vault has no version ${version} that signs`, { cause })
}
