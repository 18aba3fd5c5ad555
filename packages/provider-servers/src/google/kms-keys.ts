import { createCipheriv, createDecipheriv, createPublicKey, randomBytes } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'

/** The key material of a version. */
export type Secret = { type: 'signing'; key: Uint8Array } | { type: 'encryption'; key: Buffer }

const NONCE_LENGTH = 12
const TAG_LENGTH = 16
const NUMBER_LENGTH = 4

export function newSecret(purpose: string): Secret {
  return purpose === 'ASYMMETRIC_SIGN'
    ? { type: 'signing', key: p256.utils.randomSecretKey() }
    : { type: 'encryption', key: randomBytes(32) }
}

/** ECDSA on P-256 over a SHA-256 digest, in ASN.1 DER. */
export function signDigest(key: Uint8Array, digest: Uint8Array): Buffer {
  return Buffer.from(p256.sign(digest, key, { prehash: false, lowS: false, format: 'der' }))
}

/** SubjectPublicKeyInfo in PEM. */
export function publicPem(key: Uint8Array): string {
  const point = p256.getPublicKey(key, false)
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) =>
    Buffer.from(half).toString('base64url'),
  )
  const jwk = { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }
  return createPublicKey({ key: jwk, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()
}

/** AES-256-GCM; the ciphertext says which version made it. */
export function encryptWith(key: Buffer, version: number, plaintext: Buffer, aad: Buffer): Buffer {
  const nonce = randomBytes(NONCE_LENGTH)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad)
  const number = Buffer.alloc(NUMBER_LENGTH)
  number.writeUInt32BE(version)
  return Buffer.concat([
    number,
    nonce,
    cipher.update(plaintext),
    cipher.final(),
    cipher.getAuthTag(),
  ])
}

export function versionOf(ciphertext: Buffer): number {
  return ciphertext.length < NUMBER_LENGTH ? 0 : ciphertext.readUInt32BE()
}

/** Undefined if it was not made with this key and this associated data. */
export function decryptWith(key: Buffer, ciphertext: Buffer, aad: Buffer): Buffer | undefined {
  const sealed = ciphertext.subarray(NUMBER_LENGTH)
  if (sealed.length < NONCE_LENGTH + TAG_LENGTH) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_LENGTH), {
    authTagLength: TAG_LENGTH,
  })
  decipher.setAAD(aad).setAuthTag(sealed.subarray(-TAG_LENGTH))
  try {
    return Buffer.concat([
      decipher.update(sealed.subarray(NONCE_LENGTH, -TAG_LENGTH)),
      decipher.final(),
    ])
  } catch {
    return undefined
  }
}
