import type { IncomingHttpHeaders } from 'node:http'
import type { S3Object } from './s3-objects.ts'

/** Conditional writes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export function isMet(headers: IncomingHttpHeaders, current: S3Object | undefined): boolean {
  if (headers['if-none-match'] !== undefined) return headers['if-none-match'] === '*' && !current
  return headers['if-match'] === undefined || headers['if-match'] === current?.etag
}

/** Whether a conditional write meets one of the conflicts that were ordered; uses it up. */
export function hasConflict(state: { conflicts: number }, headers: IncomingHttpHeaders): boolean {
  const isConditional = headers['if-none-match'] !== undefined || headers['if-match'] !== undefined
  return isConditional && state.conflicts > 0 && state.conflicts-- > 0
}
