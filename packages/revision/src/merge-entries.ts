import type { RevisableKey } from './token-data.ts'

/**
 * What the next token holds: the keys of the presented one that have not ended before `retainAfterInterval`, in their
 * order, then the keys written now. A key that is in both keeps the interval of the presented token.
 */
export function mergeEntries(
  previous: RevisableKey[],
  written: RevisableKey[],
  retainAfterInterval: number,
): RevisableKey[] {
  const retained = previous.filter((entry) => {
    return entry.intervalNumber + entry.intervalCount >= retainAfterInterval
  })
  const listed = new Set(retained.map(nameOf))
  return [...retained, ...written.filter((entry) => isFirst(listed, nameOf(entry)))]
}

function isFirst(listed: Set<string>, name: string): boolean {
  const first = !listed.has(name)
  listed.add(name)
  return first
}

function nameOf({ key }: RevisableKey): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}
