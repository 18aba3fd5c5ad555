import { GoogleFailure, status } from '@ens/google'
import { invalidKeyId, keyAccessDenied, keyManagerUnavailable, keyNotFound } from '../errors.ts'
import { isKeyId, isKeyVersionId } from './kms-names.ts'

/** The failure of a call with a key or version, as this package's callers know it. */
export function translated(cause: unknown, id: string): unknown {
  if (!(cause instanceof GoogleFailure)) return cause
  switch (cause.status) {
    case status.NOT_FOUND:
      return keyNotFound(`there is no key or key version ${id}`, { cause })
    case status.FAILED_PRECONDITION:
      return keyNotFound(`${id} cannot be used: disabled, destroyed or not made yet`, { cause })
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return keyAccessDenied(`Cloud KMS refuses this process ${id}`, { cause })
    case status.INVALID_ARGUMENT:
      if (isKeyId(id) || isKeyVersionId(id)) return failed(cause, id)
      return invalidKeyId(`${JSON.stringify(id)} is not the name of a key of Cloud KMS`, { cause })
    default:
      return failed(cause, id)
  }
}

function failed(cause: GoogleFailure, id: string): Error {
  return keyManagerUnavailable(`Cloud KMS failed with ${id}`, { cause })
}
