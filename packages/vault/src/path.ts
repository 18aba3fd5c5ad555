/** Longest name of a mount, folder, key or secret here. */
const LONGEST_SEGMENT = 255
/** What a URL, a shell or another system would read something into. */
const FORBIDDEN = /[\p{Cc}\\?#%]/u

/** The segments of a path in Vault, a leading slash aside; undefined if it is none, or could lead somewhere else. */
export function pathSegments(path: string): string[] | undefined {
  const segments = path.replace(/^\//, '').split('/')
  return segments.every(isPlain) ? segments : undefined
}

function isPlain(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return false
  return segment.length <= LONGEST_SEGMENT && segment.isWellFormed() && !FORBIDDEN.test(segment)
}
