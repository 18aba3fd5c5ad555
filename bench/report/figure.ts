import { median, spread } from './statistics.ts'

/** What was measured, as often as there were rounds. */
export interface Figure {
  /** Stays the same for ever, such as `publish.rate`: results are compared by it. */
  id: string
  /** What it is, for people. */
  name: string
  unit: string
  better: 'higher' | 'lower'
  rounds: number[]
  /** What the bare machine does of the like, measured in the same rounds. */
  limit?: Limit | undefined
  target?: Target | undefined
  /** Says what the machine can do, and nothing of ours; results are not compared by it. */
  isOfMachine?: boolean
  /** Differences up to this mean nothing, in its unit: where a figure is close to nothing, its rounds do not tell. */
  grain?: number
}

interface Limit {
  name: string
  rounds: number[]
}

interface Target {
  atLeast?: number
  atMost?: number
  /** Least share of the limit, where more is better. */
  shareOfLimit?: number
  /** Most times the limit, where less is better. */
  timesLimit?: number
}

export interface Summary {
  value: number
  /** Half of the range of the rounds, as a share of the value. */
  spread: number
  limit: number | undefined
  /** The value as a share of the limit, in the middle of the rounds: both are measured side by side, so that noise hits both. */
  share: number | undefined
  /** Undefined when the figure has no target. */
  reached: boolean | undefined
}

export function summarize(figure: Figure): Summary {
  const value = median(figure.rounds)
  const limit = figure.limit && median(figure.limit.rounds)
  const share = figure.limit && median(sharesOf(figure.rounds, figure.limit.rounds))
  return {
    value,
    spread: spread(figure.rounds),
    limit,
    share,
    reached: figure.target && isReached(figure.target, value, share),
  }
}

/** Round by round where both have as many, or of the limit's median. */
export function sharesOf(values: readonly number[], limits: readonly number[]): number[] {
  const common = median(limits)
  return values.map(
    (value, i) => value / (values.length === limits.length ? (limits[i] ?? common) : common),
  )
}

function isReached(
  { atLeast, atMost, shareOfLimit, timesLimit }: Target,
  value: number,
  share: number | undefined,
): boolean {
  return (
    (atLeast === undefined || value >= atLeast) &&
    (atMost === undefined || value <= atMost) &&
    (shareOfLimit === undefined || (share !== undefined && share >= shareOfLimit)) &&
    (timesLimit === undefined || (share !== undefined && share <= timesLimit))
  )
}
