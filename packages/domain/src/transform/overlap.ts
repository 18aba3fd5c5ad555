import type { Exposure } from '../exposure.ts'

/**
 * Why the keys of one publish cannot have come from one phone: at most `maxSameStart` may begin
 * together, and none may begin while an earlier one is valid. Expects them in `byInterval` order.
 */
export function overlapFault(
  inOrder: readonly Exposure[],
  maxSameStart: number,
): string | undefined {
  let sameStart = 0
  for (const [i, exposure] of inOrder.entries()) {
    const previous = inOrder[i - 1]
    const begins = previous?.intervalNumber !== exposure.intervalNumber
    sameStart = begins ? 1 : sameStart + 1
    if (previous && begins && exposure.intervalNumber < endOf(previous)) {
      return overlapText(exposure, previous)
    }
    if (sameStart > maxSameStart) return tooManyText(inOrder, exposure, maxSameStart)
  }
  return undefined
}

/** The last of those that begin together is the longest, so it alone decides. */
function endOf(exposure: Exposure): number {
  return exposure.intervalNumber + exposure.intervalCount
}

function overlapText(exposure: Exposure, previous: Exposure): string {
  return (
    'exposure keys have non aligned overlapping intervals. ' +
    `${exposure.intervalNumber} overlaps with previous key that is good from ${previous.intervalNumber} to ${endOf(previous)}.`
  )
}

function tooManyText(all: readonly Exposure[], { intervalNumber }: Exposure, max: number): string {
  const count = all.filter((exposure) => exposure.intervalNumber === intervalNumber).length
  return `too many overlapping keys for start interval: ${intervalNumber} want: <= ${max}, got: ${count}`
}
