import { parseArgs } from 'node:util'
import { type Deployment, type Measured, sizeDeployment } from './capacity.ts'
import { summarize } from './report/figure.ts'
import { type Result, readResult } from './report/result.ts'
import { short } from './report/table.ts'

/** Every input with what is taken when it is not given, and what it means. */
const INPUTS: Record<keyof Deployment, { option: string; fallback: number; meaning: string }> = {
  population: { option: 'population', fallback: 10_000_000, meaning: 'people' },
  adoption: { option: 'adoption', fallback: 0.4, meaning: 'share of them with the app' },
  incidence: {
    option: 'incidence',
    fallback: 300,
    meaning: 'positive tests a day per 100 000 people, at the worst',
  },
  sharing: { option: 'sharing', fallback: 0.5, meaning: 'share of positive users who publish' },
  keysPerPublish: { option: 'keys', fallback: 14, meaning: 'keys per publish' },
  periodHours: { option: 'period', fallback: 4, meaning: 'hours of one export' },
  retentionDays: { option: 'retention', fallback: 14, meaning: 'days that keys are kept' },
  chaffPerPhone: { option: 'chaff', fallback: 0.5, meaning: 'chaff requests per phone and day' },
  peakFactor: { option: 'peak', fallback: 10, meaning: 'busiest second to mean second' },
  downloadsPerDay: { option: 'downloads', fallback: 6, meaning: 'looks at the index per phone' },
}

/** The targets of a small machine: what is taken when no result of the bench is given. */
const TARGETS: Measured = {
  publishesPerSecond: 2400,
  bytesPerStoredKey: 240,
  bytesPerExportedKey: 17.7,
}

/** Prints how large a deployment has to be. */
export async function calculate(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { ...inputOptions(), from: { type: 'string' } } })
  if (values.help) {
    console.log(usage())
    return 0
  }
  const { from } = values
  const measured = typeof from === 'string' ? measuredBy(await readResult(from)) : TARGETS
  print(readDeployment(values), measured)
  return 0
}

function inputOptions() {
  const options = Object.values(INPUTS).map(({ option }) => [option, { type: 'string' }] as const)
  return { help: { type: 'boolean' } as const, ...Object.fromEntries(options) }
}

function readDeployment(values: Record<string, unknown>): Deployment {
  const read = Object.entries(INPUTS).map(([name, { option, fallback }]) => {
    const value = values[option] === undefined ? fallback : Number(values[option])
    if (!(value >= 0)) throw new Error(`--${option} has to be a number`)
    return [name, value]
  })
  return Object.fromEntries(read)
}

/** What a result lacks is taken from the targets. */
function measuredBy({ figures }: Result): Measured {
  const find = (id: string) => {
    const figure = figures.find((one) => one.id === id)
    return figure && summarize(figure).value
  }
  return {
    publishesPerSecond: find('publish.rate') ?? TARGETS.publishesPerSecond,
    bytesPerStoredKey: find('publish.bytesPerKey') ?? TARGETS.bytesPerStoredKey,
    bytesPerExportedKey: find('export.bytesPerKey') ?? TARGETS.bytesPerExportedKey,
  }
}

function print(given: Deployment, measured: Measured): void {
  const capacity = sizeDeployment(given, measured)
  const rows: [string, string][] = [
    ...Object.entries(INPUTS).map(([name, { meaning }]): [string, string] => {
      return [meaning, short(given[name as keyof Deployment])]
    }),
    ['', ''],
    ['publishes a day', short(capacity.publishesPerDay)],
    ['requests a second, mean', short(capacity.requestsPerSecondMean)],
    ['requests a second, busiest', short(capacity.requestsPerSecondPeak)],
    ['processes of the exposure service', short(capacity.instances)],
    ['keys in the database', short(capacity.liveKeys)],
    ['database', bytes(capacity.databaseBytes)],
    ['keys in an archive', short(Math.ceil(capacity.keysPerArchive))],
    ['an archive', bytes(capacity.archiveBytes)],
    ['download of one phone a day', bytes(capacity.bytesPerPhonePerDay)],
    ['egress of the CDN a day', bytes(capacity.egressBytesPerDay)],
  ]
  for (const [name, value] of rows) console.log(`${name.padEnd(56)}${value.padStart(12)}`.trimEnd())
}

function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(count) / 3)))
  return `${short(count / 1000 ** unit)} ${units[unit] ?? ''}`
}

function usage(): string {
  const lines = Object.values(INPUTS).map(
    ({ option, fallback, meaning }) => `  --${option.padEnd(12)} ${meaning} (${fallback})`,
  )
  return [
    'usage: npx -y pnpm@12 bench calculate [--population 10000000] …',
    ...lines,
    `  --${'from'.padEnd(12)} a result of the bench; without it the targets are taken`,
  ].join('\n')
}
