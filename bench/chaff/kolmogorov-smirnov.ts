/**
 * The two-sample Kolmogorov-Smirnov statistic: the largest distance between two empirical distributions, from 0 (alike) to 1.
 * For two samples of n of one distribution it exceeds 1.63 × √(2/n) once in a hundred times: 0.073 for n = 1000.
 */
export function kolmogorovSmirnov(a: readonly number[], b: readonly number[]): number {
  const [first, second] = [inOrder(a), inOrder(b)]
  const moments = [...new Set([...first, ...second])]
  return Math.max(...moments.map((at) => Math.abs(shareUpTo(first, at) - shareUpTo(second, at))))
}

function inOrder(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b)
}

/** By bisection: how many of the values are at most that large, as a share. */
function shareUpTo(values: readonly number[], limit: number): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low / values.length
}

export function quantile(values: readonly number[], share: number): number {
  return inOrder(values)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0
}
