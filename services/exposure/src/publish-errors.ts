import {
  appLookupFailed,
  bodyTooLarge,
  contentTypeRefused,
  publishFailed,
  regionMissing,
} from '@ens/api'
import { DatabaseFault } from '@ens/database'
import { type AppError, isAppError } from '@ens/errors'
import { asAppError } from '@ens/server'

/**
 * What the phone is told of an error: its own mistakes as they are; whatever failed for reasons of ours as something that
 * may succeed later, so that it keeps its certificate and its token, and tries again.
 */
export function publishError(error: unknown): AppError {
  if (!isAppError(error)) return fromOutside(error)
  const isOwnCode = error.kind !== 'unavailable' || error.code === appLookupFailed.code
  return isOwnCode ? error : publishFailed(undefined, { cause: error })
}

/** What the HTTP framework refused, a refusal of the database, or a mistake in our code. */
function fromOutside(error: unknown): AppError {
  if (error instanceof DatabaseFault) return publishFailed(undefined, { cause: error })
  const { statusCode } = error as { statusCode?: number }
  if (statusCode === 413) return bodyTooLarge('http: request body too large', { cause: error })
  if (statusCode === 415) return contentTypeRefused(undefined, { cause: error })
  return asAppError(error)
}

/** The text of an error as it may leave the house. */
export function publicText(error: AppError): string {
  const isSecret = error.kind === 'internal' && error.code !== regionMissing.code
  return isSecret ? 'internal error' : error.message
}
