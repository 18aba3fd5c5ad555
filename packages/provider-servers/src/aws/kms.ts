import { p256 } from '@noble/curves/nist.js'
import { bytesOf, Exception, jsonService, type Operation, textOf } from './json.ts'
import {
  decryptWith,
  encryptWith,
  type KeyState,
  type KmsKey,
  KmsKeys,
  keyIdOf,
  newKeyPair,
} from './kms-keys.ts'
import { type AwsServer, serveAws } from './server.ts'

export interface KmsServer extends AwsServer {
  /** Makes an ECC_NIST_P256 key for signatures, or one of another elliptic curve, and returns its ARN. */
  addSigningKey(curve?: 'P-256' | 'P-384'): string
  /** Makes a symmetric key for encryption and returns its ARN. */
  addEncryptionKey(): string
  /** Has an alias, such as `alias/exports`, lead to a key from now on. */
  pointAlias(alias: string, keyId: string): void
  /** Encrypts with new key material from now on; the id stays, and what was encrypted before can be decrypted. */
  rotate(keyId: string): void
  setState(keyId: string, state: KeyState): void
}

/** AWS KMS, as far as keys are used: https://docs.aws.amazon.com/kms/latest/APIReference/ */
export async function kmsServer(): Promise<KmsServer> {
  const keys = new KmsKeys('eu-central-1')
  const server = await serveAws(jsonService('kms', 'TrentService', operationsOn(keys)))
  return {
    ...server,
    addSigningKey(curve = 'P-256') {
      const spec = `ECC_NIST_${curve.replace('-', '')}`
      return keys.add('SIGN_VERIFY', spec, newKeyPair(curve)).arn
    },
    addEncryptionKey: () => keys.add('ENCRYPT_DECRYPT', 'SYMMETRIC_DEFAULT').arn,
    pointAlias: (alias, keyId) => keys.pointAlias(alias, keyId),
    rotate: (keyId) => keys.rotate(keyId),
    setState: (keyId, state) => {
      keys.get(keyId).state = state
    },
  }
}

function operationsOn(keys: KmsKeys): Record<string, Operation> {
  return {
    GetPublicKey(input) {
      const key = keys.getUsable(textOf(input, 'KeyId'))
      if (!key.pair)
        throw new Exception('UnsupportedOperationException', `${key.arn} is a symmetric key`)
      const spki = key.pair.publicKey.export({ type: 'spki', format: 'der' })
      return {
        KeyId: key.arn,
        PublicKey: spki.toString('base64'),
        KeySpec: key.spec,
        KeyUsage: key.usage,
        SigningAlgorithms: [algorithmOf(key)],
      }
    },

    Sign(input) {
      const key = keys.getFor(textOf(input, 'KeyId'), 'SIGN_VERIFY')
      const message = bytesOf(input, 'Message', { min: 1, max: 4096 })
      const algorithm = textOf(input, 'SigningAlgorithm')
      if (algorithm !== algorithmOf(key) || !key.pair)
        throw new Exception('InvalidKeyUsageException', 'the key does not sign with this algorithm')
      return { KeyId: key.arn, SigningAlgorithm: algorithm, Signature: signed(key, message, input) }
    },

    Encrypt(input) {
      const key = keys.getFor(textOf(input, 'KeyId'), 'ENCRYPT_DECRYPT')
      const plaintext = bytesOf(input, 'Plaintext', { min: 1, max: 4096 })
      const blob = encryptWith(key, plaintext, contextOf(input))
      return { KeyId: key.arn, CiphertextBlob: blob.toString('base64'), EncryptionAlgorithm }
    },

    Decrypt(input) {
      const blob = bytesOf(input, 'CiphertextBlob', { min: 1, max: 6144 })
      const made = keys.find(keyIdOf(blob))
      if (!made) throw new Exception('InvalidCiphertextException', 'no ciphertext of this service')
      if (input.KeyId !== undefined && keys.get(textOf(input, 'KeyId')) !== made)
        throw new Exception('IncorrectKeyException', 'the ciphertext was made with another key')
      const key = keys.getFor(made.id, 'ENCRYPT_DECRYPT')
      const plaintext = decryptWith(key, blob, contextOf(input))
      if (!plaintext) throw new Exception('InvalidCiphertextException', 'it cannot be decrypted')
      return { KeyId: key.arn, Plaintext: plaintext.toString('base64'), EncryptionAlgorithm }
    },
  }
}

const EncryptionAlgorithm = 'SYMMETRIC_DEFAULT'

function algorithmOf({ spec }: KmsKey): string {
  return spec === 'ECC_NIST_P256' ? 'ECDSA_SHA_256' : 'ECDSA_SHA_384'
}

/** Signs a digest, the only type of message that is asked for here. Node itself cannot sign one. */
function signed({ spec, pair }: KmsKey, digest: Buffer, input: Record<string, unknown>): string {
  if (input.MessageType !== 'DIGEST' || digest.length !== 32 || spec !== 'ECC_NIST_P256')
    throw new Exception('ValidationException', 'the message is no digest of this algorithm')
  const secret = Buffer.from(pair?.privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
  const signature = p256.sign(digest, secret, { prehash: false, lowS: false, format: 'der' })
  return Buffer.from(signature).toString('base64')
}

/** The encryption context in one form, whatever the order of its members. */
function contextOf({ EncryptionContext: given = {} }: Record<string, unknown>): string {
  const members = Object.entries(given as Record<string, unknown>)
  if (members.every(([, value]) => typeof value === 'string')) return JSON.stringify(members.sort())
  throw new Exception('SerializationException', 'the encryption context is not of texts')
}
