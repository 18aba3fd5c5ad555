import type { RevisableKey } from './token-data.ts'

/**
 * What the next token holds: the keys of the presented one that have not ended before `retainAfterInterval`, in their
 * order, then the keys written now, which are distinct. A key that is in both keeps the interval of the presented token.
 */
export function mergeEntries(
  previous: RevisableKey[],
  written: RevisableKey[],
  retainAfterInterval: number,
): RevisableKey[] {
  const retained = previous.filter((entry) => {
    return entry.intervalNumber + entry.intervalCount >= retainAfterInterval
  })
  if (retained.length === 0) return written
  const listed = new Set(retained.map(nameOf))
  return [...retained, ...written.filter((entry) => !listed.has(nameOf(entry)))]
}

function nameOf({ key }: RevisableKey): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}
