import { createPublicKey, type KeyObject } from 'node:crypto'
import {
  DecryptCommand,
  EncryptCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
} from '@aws-sdk/client-kms'
import { type AwsConnection, clientSettings, requireRegion } from '@ens/aws'
import { NO_CAPABILITY } from '../capabilities.ts'
import { isP256 } from '../ecdsa.ts'
import {
  decryptionFailed,
  invalidDigest,
  keyMalformed,
  keyManagerUnavailable,
  keyOperationUnsupported,
  keyTypeMismatch,
} from '../errors.ts'
import type { CallOptions, KeyManager, Signer } from '../key-manager.ts'
import { run } from './failures.ts'

const DIGEST_BYTES = 32
/** What KMS takes to decrypt: https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html */
const LONGEST_CIPHERTEXT_BYTES = 6144

/**
 * Keys of AWS KMS, named by key id, ARN, alias or ARN of an alias. A signing key of KMS has one version for ever, so that its
 * id is the id of a version; keys are made, and encryption keys rotated, with the tools of AWS.
 */
export function awsKmsKeyManager(connection: AwsConnection): KeyManager {
  return keyManagerOf(new KMSClient(clientSettings(connection)))
}

/** For the start of a service: throws `invalid_config` if the region is not known. */
export async function openAwsKms(connection: AwsConnection): Promise<KeyManager> {
  const client = new KMSClient(clientSettings(connection))
  await requireRegion(client)
  return keyManagerOf(client)
}

function keyManagerOf(client: KMSClient): KeyManager {
  /** Signs with the key whose public part it shows, though an alias be pointed to another one meanwhile. */
  async function openSigner(keyId: string, call?: CallOptions): Promise<Signer> {
    const found = await client.send(new GetPublicKeyCommand({ KeyId: keyId }), within(call))
    if (found.KeyUsage !== 'SIGN_VERIFY')
      throw keyTypeMismatch(`the KMS key ${keyId} is not for signatures`)
    const publicKey = publicKeyFrom(keyId, found.PublicKey)
    const sign = (digest: Uint8Array, options?: CallOptions) =>
      run(keyId, options, () => signDigest(found.KeyId ?? keyId, digest, options))
    return { publicKey, sign }
  }

  async function signDigest(keyId: string, digest: Uint8Array, call?: CallOptions) {
    if (digest.length !== DIGEST_BYTES)
      throw invalidDigest(`the digest has ${digest.length} bytes; SHA-256 has ${DIGEST_BYTES}`)
    const command = new SignCommand({
      KeyId: keyId,
      Message: digest,
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    })
    const { Signature: signature } = await client.send(command, within(call))
    return bytesFrom(signature)
  }

  return {
    capabilities: { ...NO_CAPABILITY, sign: true, encrypt: true, associatedData: true },

    signer: (keyId, call) => run(keyId, call, () => openSigner(keyId, call)),

    encrypt: (keyId, plaintext, aad, call) =>
      run(keyId, call, async () => {
        const input = { KeyId: keyId, Plaintext: plaintext, EncryptionContext: contextOf(aad) }
        const answer = await client.send(new EncryptCommand(input), within(call))
        return bytesFrom(answer.CiphertextBlob)
      }),

    decrypt: (keyId, ciphertext, aad, call) =>
      run(keyId, call, async () => {
        if (ciphertext.length === 0 || ciphertext.length > LONGEST_CIPHERTEXT_BYTES)
          throw decryptionFailed('no ciphertext of KMS is so short or so long')
        // With the key: otherwise KMS would take any key that the ciphertext names and we may use.
        const input = {
          KeyId: keyId,
          CiphertextBlob: ciphertext,
          EncryptionContext: contextOf(aad),
        }
        const answer = await client.send(new DecryptCommand(input), within(call))
        return bytesFrom(answer.Plaintext)
      }),

    createSigningKey: refuse('createSigningKey'),
    createSigningKeyVersion: refuse('createSigningKeyVersion'),
    listSigningKeyVersions: refuse('listSigningKeyVersions'),
    destroySigningKeyVersion: refuse('destroySigningKeyVersion'),
    createEncryptionKey: refuse('createEncryptionKey'),
    createEncryptionKeyVersion: refuse('createEncryptionKeyVersion'),
  }
}

/** The form of the reference server, so that its wrapped keys can be unwrapped: publish.md section 9.4. */
function contextOf(aad: Uint8Array): { aad: string } {
  return { aad: Buffer.from(aad).toString('base64') }
}

function publicKeyFrom(keyId: string, spki: Uint8Array | undefined): KeyObject {
  const publicKey = createPublicKey({ key: bytesFrom(spki), format: 'der', type: 'spki' })
  if (isP256(publicKey)) return publicKey
  throw keyMalformed(`the KMS key ${keyId} is not on the curve P-256 (ECC_NIST_P256)`)
}

function refuse(operation: string): () => Promise<never> {
  return async () => {
    throw keyOperationUnsupported(
      `${operation} is not for AWS KMS: make the key with the tools of AWS and give its ARN`,
    )
  }
}

function within(call: CallOptions | undefined): { abortSignal?: AbortSignal } {
  return call?.signal ? { abortSignal: call.signal } : {}
}

function bytesFrom(bytes: Uint8Array | undefined): Buffer {
  if (bytes) return Buffer.from(bytes)
  throw keyManagerUnavailable('the answer of KMS lacks what was asked for')
}
