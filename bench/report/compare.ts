import { type Figure, sharesOf } from './figure.ts'
import type { Machine, Result } from './result.ts'
import { median, spread } from './statistics.ts'

export interface Change {
  id: string
  name: string
  /** How many times better the later result is; below 1 it is worse. Beside the limits, where both results have one. */
  ratio: number
  /** Changes up to this share are noise. */
  band: number
  verdict: 'slower' | 'faster' | 'same'
  besideLimit: boolean
}

export interface Comparison {
  changes: Change[]
  /** Figures that only one of the results has. */
  missing: string[]
  /** In what the machines or the runs differ, so that a comparison means little. */
  differences: string[]
}

/** Less than this is never called a change: rounds of one run agree better than runs of two days. */
const LEAST_BAND = 0.05

/** What became slower from one result to another of the same machine. */
export function compareResults(before: Result, after: Result): Comparison {
  const earlier = new Map(before.figures.map((figure) => [figure.id, figure]))
  const later = new Map(after.figures.map((figure) => [figure.id, figure]))
  const changes = after.figures.flatMap((figure) => {
    const known = earlier.get(figure.id)
    return known ? [compareFigures(known, figure)] : []
  })
  const missing = [
    ...before.figures.filter(({ id }) => !later.has(id)),
    ...after.figures.filter(({ id }) => !earlier.has(id)),
  ].map(({ id }) => id)
  return { changes, missing, differences: differences(before, after) }
}

function compareFigures(before: Figure, after: Figure): Change {
  const besideLimit = before.limit !== undefined && after.limit !== undefined
  const [earlier, later] = [before, after].map((figure) =>
    besideLimit && figure.limit ? sharesOf(figure.rounds, figure.limit.rounds) : figure.rounds,
  ) as [number[], number[]]
  const growth = median(later) === median(earlier) ? 1 : median(later) / median(earlier)
  const ratio = after.better === 'higher' ? growth : 1 / growth
  const band = Math.max(LEAST_BAND, spread(earlier) + spread(later))
  return {
    id: after.id,
    name: after.name,
    ratio,
    band,
    verdict: verdictOf(ratio, band),
    besideLimit,
  }
}

/** A band of a tenth reaches from a tenth slower to a tenth faster: from 1/1.1 to 1.1. */
function verdictOf(ratio: number, band: number): Change['verdict'] {
  if (ratio < 1 / (1 + band)) return 'slower'
  return ratio > 1 + band ? 'faster' : 'same'
}

function differences(before: Result, after: Result): string[] {
  const machines = (Object.keys(after.machine) as (keyof Machine)[])
    .filter((key) => before.machine[key] !== after.machine[key])
    .map((key) => `${key}: ${before.machine[key]}, then ${after.machine[key]}`)
  const runs = (['size', 'runtime'] as const)
    .filter((key) => before[key] !== after[key])
    .map((key) => `${key}: ${before[key]}, then ${after[key]}`)
  return [...machines, ...runs]
}
