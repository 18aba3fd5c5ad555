import { type Figure, sharesOf } from './figure.ts'
import type { Machine, Result } from './result.ts'
import { median, spread } from './statistics.ts'

export interface Change {
  id: string
  name: string
  /** How many times better the later result is; below 1 it is worse. Beside the limits, where both results have the same. */
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
  const [earlier, later] = [ours(before), ours(after)]
  const changes = [...later.values()].flatMap((figure) => {
    const known = earlier.get(figure.id)
    return known ? [compareFigures(known, figure)] : []
  })
  const missing = [
    ...[...earlier.keys()].filter((id) => !later.has(id)),
    ...[...later.keys()].filter((id) => !earlier.has(id)),
  ]
  return { changes, missing, differences: differences(before, after) }
}

function ours({ figures }: Result): Map<string, Figure> {
  return new Map(figures.filter((one) => !one.isOfMachine).map((one) => [one.id, one]))
}

function compareFigures(before: Figure, after: Figure): Change {
  const { id, name, better } = after
  const besideLimit = before.limit !== undefined && before.limit.name === after.limit?.name
  if (isWithinGrain(before, after))
    return { id, name, ratio: 1, band: LEAST_BAND, verdict: 'same', besideLimit }
  const [earlier, later] = [comparable(before, besideLimit), comparable(after, besideLimit)]
  const growth = median(later) / median(earlier)
  const ratio = better === 'higher' ? growth : 1 / growth
  const band = Math.max(LEAST_BAND, spread(earlier) + spread(later))
  return { id, name, ratio, band, verdict: verdictOf(ratio, band), besideLimit }
}

function isWithinGrain(before: Figure, { rounds, grain }: Figure): boolean {
  return grain !== undefined && Math.abs(median(rounds) - median(before.rounds)) <= grain
}

function comparable({ rounds, limit }: Figure, besideLimit: boolean): number[] {
  return besideLimit && limit ? sharesOf(rounds, limit.rounds) : rounds
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
  const short = [before, after].some(({ size }) => size === 'quick')
  return [...machines, ...runs, ...(short ? ['quick runs are too short to be measured by'] : [])]
}
