import { parseArgs } from 'node:util'
import { type Change, type Comparison, compareResults } from './report/compare.ts'
import { readResult } from './report/result.ts'
import { percent } from './report/table.ts'

const USAGE = 'usage: npx -y pnpm@12 bench compare <before.json> <after.json>'

/** Prints what became slower from one result to another, and says so with the exit code: 1 when anything did. */
export async function compare(args: string[]): Promise<number> {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} })
  const [before, after, ...more] = positionals
  if (before === undefined || after === undefined || more.length > 0) {
    console.error(USAGE)
    return 2
  }
  const comparison = compareResults(await readResult(before), await readResult(after))
  print(comparison)
  return comparison.changes.some(({ verdict }) => verdict === 'slower') ? 1 : 0
}

function print({ changes, missing, differences }: Comparison): void {
  for (const difference of differences)
    console.log(`The results cannot well be compared; ${difference}.`)
  for (const verdict of ['slower', 'faster', 'same'] as const)
    for (const change of changes.filter((one) => one.verdict === verdict)) console.log(line(change))
  if (missing.length > 0) console.log(`In one result only: ${missing.join(', ')}.`)
  const slower = changes.filter(({ verdict }) => verdict === 'slower').length
  console.log(`\n${slower} of ${changes.length} figures became slower.`)
}

function line({ verdict, name, ratio, band, besideLimit }: Change): string {
  const change = ratio < 1 ? `${percent(1 - ratio)} worse` : `${percent(ratio - 1)} better`
  const base = besideLimit ? ', beside the limit of the machine' : ''
  return `${verdict.padEnd(7)} ${name}: ${change} (noise: ${percent(band)}${base})`
}
