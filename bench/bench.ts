import type { Load } from './load/process.ts'
import type { Figure } from './report/figure.ts'
import type { Sizes } from './sizes.ts'
import type { Stand } from './stand/stand.ts'

/** What a scenario works with. */
export interface Bench {
  stand: Stand
  load: Load
  sizes: Sizes
  report: Report
  /** Where services write profiles of their processor time, when that is asked for. */
  profileFolder: string | undefined
}

/** Where a scenario puts what it finds. */
export interface Report {
  /** Says what is being done, for who watches. */
  progress(text: string): void
  /** A figure without rounds could not be measured on this machine, and is left out. */
  add(figure: Figure): void
  /** Keeps what explains a figure. */
  explain(name: string, evidence: unknown): void
  /** Something is not as it has to be, whatever the speed; the bench then fails at its end. */
  fail(sentence: string): void
}

export type Scenario = (bench: Bench) => Promise<void>

/** One value per round, in their order; what could not be measured is left out. */
export function known(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined)
}

/** A limit that could not be measured on this machine is none. */
export function limitOf(name: string, rounds: number[]): Figure['limit'] {
  return rounds.length > 0 ? { name, rounds } : undefined
}

/** Rounds one after the other: what runs side by side measures the other. */
export async function inRounds<T>(
  { sizes, report }: Pick<Bench, 'sizes' | 'report'>,
  what: string,
  work: (round: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = []
  for (let round = 1; round <= sizes.rounds; round++) {
    report.progress(`${what}${sizes.rounds > 1 ? `, round ${round} of ${sizes.rounds}` : ''}`)
    results.push(await work(round))
  }
  return results
}
