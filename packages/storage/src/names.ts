import { invalidBucketName, invalidObjectName } from './errors.ts'

/** Files of this name are being written, or were left by a crash. No object can be called so; never serve them. */
export const PARTIAL_PREFIX = '.partial-'

const LONGEST_NAME_BYTES = 1024
const LONGEST_SEGMENT_BYTES = 255

/** Throws `invalid_object_name` unless the name is a relative path that stays in its bucket, on every store. */
export function checkObjectName(name: string): void {
  if (isPlainPath(name)) return
  throw invalidObjectName(
    `${JSON.stringify(name)} is not an object name: no "..", "\\", "//", leading slash or control character`,
  )
}

export function checkBucketName(bucket: string): void {
  if (isPlainPath(bucket)) return
  throw invalidBucketName(
    `${JSON.stringify(bucket)} is not a bucket name: no "..", "\\", "//", leading slash or control character`,
  )
}

function isPlainPath(path: string): boolean {
  return Buffer.byteLength(path) <= LONGEST_NAME_BYTES && path.split('/').every(isPlainSegment)
}

function isPlainSegment(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return false
  if (segment.startsWith(PARTIAL_PREFIX)) return false
  if (Buffer.byteLength(segment) > LONGEST_SEGMENT_BYTES) return false
  // Control characters (NUL among them), the other system's separator, and half of a surrogate pair.
  return segment.isWellFormed() && !/[\p{Cc}\\]/u.test(segment)
}
