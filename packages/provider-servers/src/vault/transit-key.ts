import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'

export type TransitType = 'ecdsa-p256' | 'aes256-gcm96'

interface Version {
  created: Date
  secret: Buffer | KeyObject
}

/** A key of the transit engine, with real keys in every version. */
export interface TransitKey {
  name: string
  type: TransitType
  derived: boolean
  /** By number, from 1. What was trimmed is gone. */
  versions: Map<number, Version>
  latest: number
  minDecryption: number
  minEncryption: number
  minAvailable: number
}

export function newTransitKey(name: string, type: TransitType, derived: boolean): TransitKey {
  const limits = { latest: 0, minDecryption: 1, minEncryption: 0, minAvailable: 0 }
  const key: TransitKey = { name, type, derived, versions: new Map(), ...limits }
  rotate(key)
  return key
}

export function rotate(key: TransitKey): void {
  const secret =
    key.type === 'ecdsa-p256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      : randomBytes(32)
  key.versions.set(++key.latest, { created: new Date(), secret })
}

/** As "Read Key" answers: versions below the least for decryption are not shown. */
export function describe(key: TransitKey) {
  const shown = [...key.versions].filter(([number]) => number >= key.minDecryption)
  return {
    name: key.name,
    type: key.type,
    derived: key.derived,
    ...(key.derived && { kdf: 'hkdf_sha256', convergent_encryption: false }),
    exportable: false,
    allow_plaintext_backup: false,
    auto_rotate_period: 0,
    deletion_allowed: false,
    imported_key: false,
    latest_version: key.latest,
    min_available_version: key.minAvailable,
    min_decryption_version: key.minDecryption,
    min_encryption_version: key.minEncryption,
    supports_signing: key.type === 'ecdsa-p256',
    supports_encryption: key.type === 'aes256-gcm96',
    supports_decryption: key.type === 'aes256-gcm96',
    supports_derivation: key.type === 'aes256-gcm96',
    keys: Object.fromEntries(shown.map(([number, version]) => [number, shownVersion(version)])),
  }
}

function shownVersion({ created, secret }: Version) {
  if (Buffer.isBuffer(secret)) return Math.floor(created.getTime() / 1000)
  return {
    name: 'P-256',
    creation_time: created.toISOString(),
    certificate_chain: '',
    hybrid_public_key: '',
    public_key: createPublicKey(secret).export({ type: 'spki', format: 'pem' }),
  }
}

export function signDigest(key: TransitKey, version: number, digest: Uint8Array): Uint8Array {
  const { secret } = versionOf(key, version)
  if (Buffer.isBuffer(secret)) throw new Error('not a signing key')
  const scalar = Buffer.from(secret.export({ format: 'jwk' }).d ?? '', 'base64url')
  return p256.sign(digest, scalar, { prehash: false, lowS: false, format: 'der' })
}

export interface Bound {
  context: Buffer
  associatedData: Buffer
}

/** Nonce (12 bytes), ciphertext, tag (16 bytes). */
export function encrypt(key: TransitKey, plaintext: Uint8Array, bound: Bound): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', aesKey(key, key.latest, bound), nonce)
  cipher.setAAD(bound.associatedData)
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** Throws if a byte of it, the version, the context or the associated data differ. */
export function decrypt(key: TransitKey, version: number, sealed: Buffer, bound: Bound): Buffer {
  const decipher = createDecipheriv(
    'aes-256-gcm',
    aesKey(key, version, bound),
    sealed.subarray(0, 12),
    { authTagLength: 16 },
  )
  decipher.setAAD(bound.associatedData).setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
}

function aesKey(key: TransitKey, version: number, { context }: Bound): Buffer {
  const { secret } = versionOf(key, version)
  if (!Buffer.isBuffer(secret)) throw new Error('not an encryption key')
  return key.derived ? Buffer.from(hkdfSync('sha256', secret, '', context, 32)) : secret
}

function versionOf(key: TransitKey, number: number): Version {
  const version = key.versions.get(number)
  if (!version) throw new Error(`version ${number} is gone`)
  return version
}
