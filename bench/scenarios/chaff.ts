import type { Bench } from '../bench.ts'
import type { LoopResult, Samples } from '../load/samples.ts'
import { CHAFF, REAL } from '../load/tasks.ts'
import { kolmogorovSmirnov, quantile } from '../report/statistics.ts'
import { short } from '../report/table.ts'
import { type BenchDatabase, settle, withDatabase } from '../stand/databases.ts'
import { type Service, withService } from '../stand/services.ts'
import { type SlowLink, slowLink } from '../stand/slow-link.ts'
import { OPEN_CONNECTIONS } from './latency.ts'
import { exposure, LIMIT_MS, mustAllBeTaken, saturate, warmUp } from './saturate.ts'

/**
 * Publishes and chaff whose distributions lie further apart fail the bench: 0.15 for 1000 of each. What chance exceeds once in a
 * hundred times, and on top of it what a machine does that runs phones, service and database at once.
 */
function largestStatistic(real: number, chaff: number): number {
  return 0.08 + 1.63 * Math.sqrt(1 / real + 1 / chaff)
}

const IDLE_PER_SECOND = 100
const LOAD = 0.8
/** Under load, one request of so many is chaff, so that it is publishes that load the service; fewer where each takes longer. */
const ONE_OF = { usual: 20, slow: 4 }
/** More than the service remembers of how publishes look, so that it knows the situation it is in. */
const SETTLING = 150
const SLOW = { minMs: 10, maxMs: 40 }

/** Whether an observer on the network can tell chaff from publishes, by when replies begin or how long they are. */
export async function benchChaff(bench: Bench): Promise<void> {
  await withDatabase(bench.stand, 'chaff', async (database) => {
    await withService(bench.stand, exposure(bench, database), (service) =>
      compareIn(bench, { service, database, where: '' }),
    )
    const link = await slowLink(bench.stand.postgres.port, SLOW)
    try {
      await withService(bench.stand, exposure(bench, throughLink(database, link)), (service) =>
        compareIn(bench, { service, database, where: ', slow database' }),
      )
    } finally {
      link.close()
    }
  })
}

const throughLink = ({ variables }: BenchDatabase, { port }: SlowLink) => ({
  variables: { ...variables, DB_PORT: String(port) },
})

interface Place {
  service: Service
  database: BenchDatabase
  where: string
}

async function compareIn(bench: Bench, { service, database, where }: Place): Promise<void> {
  const { sizes, report } = bench
  report.progress(`chaff${where}: warming up`)
  const rough = await warmUp({ ...bench, sizes: fewer(bench, where) }, service)
  await settle(database)
  const { perSecond } = await saturate(bench, [service], Math.ceil(rough * sizes.roundSeconds))
  const id = where ? 'slow' : 'usual'
  const idle = { perSecond: IDLE_PER_SECOND, chaff: sizes.chaffSamples, real: sizes.chaffSamples }
  await compare(bench, service, { ...idle, id: `${id}.idle`, what: `idle${where}` })
  const load = { chaff: sizes.chaffSamples, real: sizes.chaffSamples * (ONE_OF[id] - 1) }
  const what = `80 % load${where}`
  await compare(bench, service, { ...load, perSecond: LOAD * perSecond, id: `${id}.load`, what })
}

/** A slow database takes a tenth of the publishes in the same time. */
function fewer({ sizes }: Bench, where: string) {
  return where ? { ...sizes, warmUpPublishes: Math.ceil(sizes.warmUpPublishes / 10) } : sizes
}

interface Situation {
  id: string
  what: string
  perSecond: number
  real: number
  chaff: number
}

async function compare(bench: Bench, service: Service, situation: Situation): Promise<void> {
  const { what, perSecond } = situation
  bench.report.progress(`chaff: ${what}, ${short(perSecond)} requests a second`)
  await send(bench, service, { ...situation, real: SETTLING, chaff: 0 })
  const { samples } = await send(bench, service, situation)
  report(bench, situation, samples)
}

async function send(
  { stand, load }: Bench,
  { port }: Service,
  { real, chaff, perSecond }: Situation,
): Promise<LoopResult> {
  await load.run('makePublishes', { real, chaff, authority: stand.configuration.authority })
  const lanes = { ports: [port], connections: OPEN_CONNECTIONS, limitMs: LIMIT_MS }
  const loop = await load.run('publishOpen', { ...lanes, perSecond })
  mustAllBeTaken(loop)
  return loop
}

function report({ report, sizes }: Bench, situation: Situation, samples: Samples): void {
  const { id, what, real, chaff } = situation
  const atMost = largestStatistic(real, chaff)
  for (const [column, name] of [
    ['firstByteMs', 'latency'],
    ['bytes', 'size'],
  ] as const) {
    const [ofReal, ofChaff] = [REAL, CHAFF].map((kind) =>
      samples[column].filter((_, i) => samples.kind[i] === kind),
    ) as [Float64Array, Float64Array]
    const statistic = kolmogorovSmirnov(ofReal, ofChaff)
    report.add({
      id: `chaff.${id}.${name}`,
      name: `chaff, ${what}: KS of ${name}`,
      unit: '',
      better: 'lower',
      rounds: [statistic],
      target: { atMost },
      grain: 0.05,
    })
    report.explain(`chaff.${id}.${name}.quantiles`, {
      samples: { real, chaff },
      real: quantiles(ofReal),
      chaff: quantiles(ofChaff),
    })
    // A few samples on a machine that does something else besides say nothing.
    if (sizes.name !== 'quick' && statistic > atMost)
      report.fail(`${what}: chaff can be told by its ${name}, KS ${short(statistic)}`)
  }
}

function quantiles(values: Float64Array): number[] {
  return [0.1, 0.5, 0.9, 0.99].map((share) => Number(quantile(values, share).toFixed(2)))
}
