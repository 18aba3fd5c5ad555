import { isAppError } from '@ens/errors'
import { checksumOf, hasStatus, status } from '@ens/google'
import { decryptionFailed } from '../errors.ts'
import type { CallOptions } from '../key-manager.ts'
import { bytesOf, requireChecksum, requireVerified } from './checksums.ts'
import type { Kms } from './kms-client.ts'
import { ENCRYPTION, explained } from './kms-purpose.ts'

/** https://cloud.google.com/kms/docs/reference/rpc/google.cloud.kms.v1#encryptrequest */
export async function encrypt(
  kms: Kms,
  id: string,
  plaintext: Uint8Array,
  aad: Uint8Array,
  call?: CallOptions,
): Promise<Buffer> {
  const request = {
    name: id,
    plaintext,
    plaintextCrc32c: checksumOf(plaintext),
    additionalAuthenticatedData: aad,
    additionalAuthenticatedDataCrc32c: checksumOf(aad),
  }
  const encrypted = await kms
    .repeatable(call?.signal, (client, options) => client.encrypt(request, options))
    .catch(async (failure) => {
      throw await explained(kms, { id, keyId: id, purpose: ENCRYPTION }, failure, call)
    })
  const ciphertext = bytesOf(encrypted.ciphertext)
  requireVerified(
    encrypted.verifiedPlaintextCrc32c,
    encrypted.verifiedAdditionalAuthenticatedDataCrc32c,
  )
  requireChecksum(ciphertext, encrypted.ciphertextCrc32c)
  return ciphertext
}

export async function decrypt(
  kms: Kms,
  id: string,
  ciphertext: Uint8Array,
  aad: Uint8Array,
  call?: CallOptions,
): Promise<Buffer> {
  const request = {
    name: id,
    ciphertext,
    ciphertextCrc32c: checksumOf(ciphertext),
    additionalAuthenticatedData: aad,
    additionalAuthenticatedDataCrc32c: checksumOf(aad),
  }
  const decrypted = await kms
    .repeatable(call?.signal, (client, options) => client.decrypt(request, options))
    .catch(async (failure) => {
      throw await undecrypted(kms, id, failure, call)
    })
  const plaintext = bytesOf(decrypted.plaintext)
  requireChecksum(plaintext, decrypted.plaintextCrc32c)
  return plaintext
}

/** What does not fit together is an invalid argument to Cloud KMS, as is an id that is none. */
async function undecrypted(kms: Kms, id: string, failure: unknown, call?: CallOptions) {
  const use = { id, keyId: id, purpose: ENCRYPTION } as const
  const error = await explained(kms, use, failure, call)
  const isUnexplained = isAppError(error) && error.kind === 'unavailable'
  if (!isUnexplained || !hasStatus(failure, status.INVALID_ARGUMENT)) return error
  return decryptionFailed(`the ciphertext was not made by key ${id} for this use`, {
    cause: failure,
  })
}
