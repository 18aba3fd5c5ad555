import { randomBytes as systemRandomBytes } from 'node:crypto'
import { AEAD_KEY_LENGTH, type CallOptions, type KeyManager } from '@ens/keys'
import { revisionKeysUnavailable } from './errors.ts'

/** A data key that seals tokens, as the database has it: wrapped by the key manager. */
export interface WrappedRevisionKey {
  kid: number
  wrappedKey: Uint8Array
  /** What the wrapping is bound to. */
  aad: Uint8Array
  createdAt: Date
}

export type NewRevisionKey = Omit<WrappedRevisionKey, 'kid'>

const WRAP_AAD_LENGTH = 16

export interface NewRevisionKeyOptions extends CallOptions {
  /** The system's own, unless a test needs to know what comes. */
  randomBytes?: (size: number) => Uint8Array
}

/** Makes a data key and wraps it with the key `keyId` of the key manager; the database then gives it a kid. */
export async function newRevisionKey(
  keyManager: KeyManager,
  keyId: string,
  now: Date,
  { randomBytes = systemRandomBytes, ...options }: NewRevisionKeyOptions = {},
): Promise<NewRevisionKey> {
  const aad = randomBytes(WRAP_AAD_LENGTH)
  const dek = randomBytes(AEAD_KEY_LENGTH)
  const wrappedKey = await keyManager.encrypt(keyId, dek, aad, options)
  return { wrappedKey, aad, createdAt: now }
}

/** The data key. Throws what the key manager throws, or `revision_keys_unavailable` if it is no data key. */
export async function unwrapRevisionKey(
  keyManager: KeyManager,
  keyId: string,
  { kid, wrappedKey, aad }: WrappedRevisionKey,
  options?: CallOptions,
): Promise<Buffer> {
  const dek = await keyManager.decrypt(keyId, wrappedKey, aad, options)
  if (dek.length === AEAD_KEY_LENGTH) return dek
  throw revisionKeysUnavailable(
    `revision key ${kid} has ${dek.length} bytes, not ${AEAD_KEY_LENGTH}`,
  )
}
