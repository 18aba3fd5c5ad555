import type { KeyVaultKey } from '@azure/keyvault-keys'
import { azureFailure } from '@ens/azure'
import { decryptionFailed, keyMalformed, keyOperationUnsupported } from '../errors.ts'
import { type KeyPlace, keyIdOf } from './key-place.ts'
import { requireType } from './key-type.ts'
import type { Ask, Vaults } from './vaults.ts'

const ALGORITHM = 'RSA-OAEP-256'
/** What the padding takes of a block: two SHA-256 digests and two bytes (RFC 8017, section 7.1.1). */
const PADDING_BYTES = 66
/** Before what a key without a version in its id has encrypted: the version. Those are 32 hexadecimal digits. */
const VERSION_PREFIX = /^[0-9a-f]{32}:/
const PREFIX_LENGTH = 33
const BAD_REQUEST = 400
const NOT_FOUND = 404

/**
 * With a version in the id, that one encrypts and the result is Key Vault's own, as of the reference server. Without one,
 * the newest does, and the result begins with its name.
 */
export async function encrypt(
  vaults: Vaults,
  place: KeyPlace,
  plaintext: Uint8Array,
  ask: Ask,
): Promise<Buffer> {
  const key = await vaults.key(place, ask)
  requireType(keyIdOf(place), key, 'encryption')
  requireRoom(key, plaintext)
  const version = versionOf(key)
  const cryptography = vaults.cryptography({ ...place, version })
  const { result } = await ask((abortSignal) =>
    cryptography.encrypt({ algorithm: ALGORITHM, plaintext }, { abortSignal }),
  )
  const prefix = place.version === undefined ? `${version}:` : ''
  return Buffer.concat([Buffer.from(prefix), result])
}

export async function decrypt(
  vaults: Vaults,
  place: KeyPlace,
  ciphertext: Uint8Array,
  ask: Ask,
): Promise<Buffer> {
  const { version: named, sealed } = readPrefix(Buffer.from(ciphertext))
  const version = named ?? place.version
  if (version === undefined) throw decryptionFailed('the ciphertext names no version of the key')
  try {
    const cryptography = vaults.cryptography({ ...place, version })
    const parameters = { algorithm: ALGORITHM, ciphertext: sealed } as const
    const { result } = await ask((abortSignal) => cryptography.decrypt(parameters, { abortSignal }))
    return Buffer.from(result)
  } catch (error) {
    const { status, cause } = azureFailure(error)
    const isForeign = status === NOT_FOUND && named !== undefined
    // The ciphertext names a version that this key does not have, or there is no such key, which this throws.
    if (isForeign) await vaults.key(place, ask)
    if (status !== BAD_REQUEST && !isForeign) throw error
    throw decryptionFailed('the ciphertext was not made by this key', { cause })
  }
}

function readPrefix(ciphertext: Buffer): { version?: string; sealed: Buffer } {
  const prefix = VERSION_PREFIX.exec(ciphertext.toString('latin1', 0, PREFIX_LENGTH))?.[0]
  if (prefix === undefined) return { sealed: ciphertext }
  return { version: prefix.slice(0, -1), sealed: ciphertext.subarray(PREFIX_LENGTH) }
}

function requireRoom({ key, name }: KeyVaultKey, plaintext: Uint8Array): void {
  const room = (key?.n?.length ?? 0) - PADDING_BYTES
  if (plaintext.length <= room) return
  throw keyOperationUnsupported(
    `key ${name} of Key Vault encrypts at most ${room} bytes, and was given ${plaintext.length}`,
  )
}

function versionOf({ name, properties: { version } }: KeyVaultKey): string {
  if (version) return version
  throw keyMalformed(`Key Vault names no version of key ${name}`)
}
