import { invalidKeyId } from './errors.ts'
import { PARTIAL_PREFIX } from './private-files.ts'

const LONGEST_SEGMENT = 255
/** Unix nanoseconds, so that the order of names is the order of creation. */
const VERSION_NAME = /^[0-9]{19}$/
const NANOSECONDS_PER_MS = 1_000_000n

/**
 * The folders and the file that a key id names below the root; a leading slash does not matter.
 * Ids come out of a database and out of ciphertexts, so no id may lead out of the root.
 */
export function keySegments(id: string): string[] {
  const segments = id.replace(/^\/+/, '').split('/')
  if (!segments.every(isPlainSegment)) {
    throw invalidKeyId(
      `${JSON.stringify(id)} is not a key id; a/b/c is, without "..", "\\" or "//"`,
    )
  }
  return segments
}

export function keyId(segments: string[]): string {
  return `/${segments.join('/')}`
}

export function isVersionName(name: string): boolean {
  return VERSION_NAME.test(name)
}

/** A version name later than `newest`, even if the clock stands still or has gone back. */
export function nextVersionName(newest: string | undefined, now: Date): string {
  const fromClock = BigInt(now.getTime()) * NANOSECONDS_PER_MS
  const afterNewest = newest === undefined ? 0n : BigInt(newest) + 1n
  const next = fromClock > afterNewest ? fromClock : afterNewest
  return next.toString().padStart(19, '0')
}

export function versionCreatedAt(name: string): Date {
  return new Date(Number(BigInt(name) / NANOSECONDS_PER_MS))
}

function isPlainSegment(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return false
  if (segment.startsWith(PARTIAL_PREFIX) || segment.length > LONGEST_SEGMENT) return false
  // Control characters (NUL among them) and the other system's separator.
  return !/[\p{Cc}\\]/u.test(segment)
}
