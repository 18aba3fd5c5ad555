import {
  constants,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto'
import { promisify } from 'node:util'
import { p256 } from '@noble/curves/nist.js'
import { Refusal } from './http.ts'

const generate = promisify(generateKeyPair)
const OAEP_256 = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
const DIGEST_LENGTH = 32

/** A key of Key Vault: a curve's, which signs, or RSA's, which encrypts. */
export interface KeyMaterial {
  kty: 'EC' | 'RSA'
  publicKey: KeyObject
  privateKey: KeyObject
}

export async function newKey(kty: unknown, size: unknown, curve: unknown): Promise<KeyMaterial> {
  if (kty === 'RSA') {
    const pair = await generate('rsa', { modulusLength: typeof size === 'number' ? size : 2_048 })
    return { kty, ...pair }
  }
  if (kty !== 'EC' || (curve !== undefined && curve !== 'P-256'))
    throw new Refusal(400, 'BadParameter', 'This server makes RSA keys and those of P-256.')
  return { kty, ...(await generate('ec', { namedCurve: 'P-256' })) }
}

/** What a caller asks for, with the value in base64url: https://learn.microsoft.com/rest/api/keyvault/keys/sign/sign */
export function operate(
  { kty, publicKey, privateKey }: KeyMaterial,
  operation: string,
  algorithm: unknown,
  value: Buffer,
): Buffer {
  switch (`${operation} ${kty} ${String(algorithm)}`) {
    case 'sign EC ES256':
      return signDigest(privateKey, value)
    case 'encrypt RSA RSA-OAEP-256':
      return orBadParameter(() => publicEncrypt({ key: publicKey, ...OAEP_256 }, value))
    case 'decrypt RSA RSA-OAEP-256':
      return orBadParameter(() => privateDecrypt({ key: privateKey, ...OAEP_256 }, value))
    default:
      throw new Refusal(
        400,
        'BadParameter',
        'Key and algorithm do not fit: the key cannot be used with this algorithm.',
      )
  }
}

/** r and s, 32 bytes each. */
function signDigest(privateKey: KeyObject, digest: Buffer): Buffer {
  if (digest.length !== DIGEST_LENGTH)
    throw new Refusal(400, 'BadParameter', 'Invalid length of the digest for ES256.')
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
  return Buffer.from(p256.sign(digest, secret, { prehash: false, lowS: false, format: 'compact' }))
}

function orBadParameter(work: () => Buffer): Buffer {
  try {
    return work()
  } catch {
    throw new Refusal(400, 'BadParameter', 'The parameter is incorrect.')
  }
}
