import { type AwsFailure, failureOf, isRefused } from '@ens/aws'
import { isAppError } from '@ens/errors'
import {
  decryptionFailed,
  invalidKeyId,
  keyAccessDenied,
  keyManagerUnavailable,
  keyNotFound,
  keyTypeMismatch,
} from '../errors.ts'
import { guarded } from '../guard.ts'
import type { CallOptions } from '../key-manager.ts'

/** Runs one call. Errors of the SDK get our codes; their cause holds no more than a name and a status: see `failureOf`. */
export function run<T>(
  keyId: string,
  call: CallOptions | undefined,
  work: () => Promise<T>,
): Promise<T> {
  return guarded(call, async () => {
    try {
      return await work()
    } catch (error) {
      throw isAppError(error) ? error : translation(failureOf(error), keyId)
    }
  })
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html#API_Sign_Errors, and of the other operations */
function translation(cause: AwsFailure, keyId: string): Error {
  switch (cause.reason) {
    case 'NotFoundException':
      return keyNotFound(`KMS has no key ${keyId}`, { cause })
    case 'KMSInvalidStateException':
      return keyNotFound(`the KMS key ${keyId} is to be deleted, or not there yet`, { cause })
    case 'DisabledException':
      return keyAccessDenied(`the KMS key ${keyId} is disabled`, { cause })
    case 'InvalidKeyUsageException':
    case 'UnsupportedOperationException':
      return keyTypeMismatch(`the KMS key ${keyId} is for another use`, { cause })
    case 'IncorrectKeyException':
    case 'InvalidCiphertextException':
      return decryptionFailed(`the ciphertext was not made by ${keyId} for this use`, { cause })
    case 'InvalidArnException':
    case 'ValidationException':
      return invalidKeyId(`KMS takes no key id like ${JSON.stringify(keyId)}`, { cause })
  }
  if (isRefused(cause)) {
    return keyAccessDenied(`KMS answered ${cause.reason} for the key ${keyId}`, { cause })
  }
  return keyManagerUnavailable(`KMS failed with the key ${keyId}: ${cause.reason}`, { cause })
}
