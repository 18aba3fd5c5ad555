import { type AzureFailure, azureFailure } from '@ens/azure'
import { isAppError } from '@ens/errors'
import {
  bucketNotFound,
  objectChanged,
  objectExists,
  objectNotFound,
  storageAccessDenied,
  storageUnavailable,
} from '../errors.ts'

/*
 * Codes of the Blob service:
 * https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
 */

const MISSING_CONTAINER = ['ContainerNotFound', 'ContainerBeingDeleted', 'ContainerDisabled']
const CONFLICT = ['BlobAlreadyExists', 'ConditionNotMet', 'TargetConditionNotMet']

/** Whether the condition of a write was not met. */
export function isConflict(error: unknown): boolean {
  return CONFLICT.includes(azureFailure(error).code)
}

/** Whether the container is there and the blob is not. */
export function isMissingBlob(error: unknown): boolean {
  const { status, code } = azureFailure(error)
  return status === 404 && !MISSING_CONTAINER.includes(code)
}

/** What an operation was about. */
export interface Subject {
  bucket: string
  name: string
  /** What it means that the condition of a write was not met. */
  condition?: 'is-new' | 'is-unchanged' | undefined
}

/** Waits for the work, and turns what Azure says of a failure into an error of this package. */
export async function objectError<T>(subject: Subject, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isAppError(error)) throw error
    throw translated(azureFailure(error), error, subject)
  }
}

function translated(
  { code, isDenied, cause }: AzureFailure,
  error: unknown,
  { bucket, name, condition }: Subject,
): Error {
  if (MISSING_CONTAINER.includes(code))
    return bucketNotFound(`there is no container ${bucket}; make it, services do not`, { cause })
  if (condition === 'is-new' && isConflict(error))
    return objectExists(`object ${name} is in ${bucket} already`, { cause })
  if (condition === 'is-unchanged' && (isConflict(error) || isMissingBlob(error)))
    return objectChanged(`object ${name} in ${bucket} was changed meanwhile`, { cause })
  if (isMissingBlob(error)) return objectNotFound(`no object ${name} in ${bucket}`, { cause })
  if (isDenied)
    return storageAccessDenied(`no permission for object ${name} in ${bucket}`, { cause })
  return storageUnavailable(`the blob store failed with object ${name} in ${bucket}`, { cause })
}
