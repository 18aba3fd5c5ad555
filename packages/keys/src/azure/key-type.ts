import { createPublicKey, type KeyObject } from 'node:crypto'
import type { KeyVaultKey } from '@azure/keyvault-keys'
import { isP256 } from '../ecdsa.ts'
import { keyMalformed, keyTypeMismatch } from '../errors.ts'

export type KeyType = 'signing' | 'encryption'

/** Of software and of hardware. */
const TYPES: Record<KeyType, readonly string[]> = {
  signing: ['EC', 'EC-HSM'],
  encryption: ['RSA', 'RSA-HSM'],
}

/** Throws `key_type_mismatch`. */
export function requireType(id: string, { keyType }: KeyVaultKey, type: KeyType): void {
  if (keyType !== undefined && TYPES[type].includes(keyType)) return
  throw keyTypeMismatch(`key ${id} is of type ${keyType ?? 'unknown'}, which is not for ${type}`)
}

/** Throws `key_type_mismatch`, or `key_malformed` for another curve than P-256. */
export function signingPublicKey(id: string, key: KeyVaultKey): KeyObject {
  requireType(id, key, 'signing')
  const publicKey = publicKeyOf(key)
  if (publicKey && isP256(publicKey)) return publicKey
  throw keyMalformed(`key ${id} is not on the curve P-256`)
}

function publicKeyOf({ key: { crv = '', x, y } = {} }: KeyVaultKey): KeyObject | undefined {
  const base64url = (bytes: Uint8Array = Buffer.of()) => Buffer.from(bytes).toString('base64url')
  try {
    const jwk = { kty: 'EC', crv, x: base64url(x), y: base64url(y) }
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined // a curve that Node does not know
  }
}
