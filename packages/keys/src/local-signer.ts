import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { isP256 } from './ecdsa.ts'
import { invalidDigest, keyMalformed } from './errors.ts'
import { guarded } from './guard.ts'
import type { Signer } from './key-manager.ts'

const DIGEST_LENGTH = 32

/** A fresh P-256 key: DER of its SEC 1 `ECPrivateKey` (RFC 5915), not PEM. */
export function newSigningKey(): Buffer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'sec1', format: 'der' })
}

/** Throws `key_malformed` unless it is DER of a P-256 `ECPrivateKey`. */
export function privateKeyFromSec1(der: Buffer): KeyObject {
  const key = parsedPrivateKey(der)
  if (!isP256(key)) throw keyMalformed('the signing key is not on the curve P-256')
  return key
}

/** Signs in this process. Signatures are deterministic (RFC 6979). */
export function localSigner(privateKey: KeyObject): Signer {
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
  return {
    publicKey: createPublicKey(privateKey),
    sign: (digest, options) => guarded(options, () => signed(secret, digest)),
  }
}

// Node's own crypto cannot sign a digest that is already made; it would hash it a second time.
async function signed(secret: Uint8Array, digest: Uint8Array): Promise<Buffer> {
  if (digest.length !== DIGEST_LENGTH) {
    throw invalidDigest(`the digest has ${digest.length} bytes; SHA-256 has ${DIGEST_LENGTH}`)
  }
  // Loaded when something is signed: most services only wrap keys.
  const { p256 } = await import('@noble/curves/nist.js')
  return Buffer.from(p256.sign(digest, secret, { prehash: false, lowS: false, format: 'der' }))
}

function parsedPrivateKey(der: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'sec1' })
  } catch (cause) {
    throw keyMalformed('the signing key is not DER of an ECPrivateKey', { cause })
  }
}
