import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
export const AEAD_KEY_LENGTH = 32
const NONCE_LENGTH = 12
const TAG_LENGTH = 16

/** AES-256-GCM under a fresh random nonce: nonce (12 bytes), ciphertext, tag (16 bytes). */
export function seal(key: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_LENGTH)
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_LENGTH }).setAAD(aad)
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** Opens what `seal` made; undefined if a byte of it, the key or the associated data differ. */
export function unseal(key: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer | undefined {
  if (sealed.length < NONCE_LENGTH + TAG_LENGTH) return undefined
  const nonce = sealed.subarray(0, NONCE_LENGTH)
  const ciphertext = sealed.subarray(NONCE_LENGTH, sealed.length - TAG_LENGTH)
  const tag = sealed.subarray(sealed.length - TAG_LENGTH)
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_LENGTH })
  decipher.setAAD(aad).setAuthTag(tag)
  const plaintext = decipher.update(ciphertext)
  try {
    decipher.final()
    return plaintext
  } catch {
    return undefined
  }
}
