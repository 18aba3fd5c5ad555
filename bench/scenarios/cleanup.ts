import { DAY_MS, truncate } from '@ens/domain'
import { type Bench, inRounds } from '../bench.ts'
import { KEYS_PER_PUBLISH } from '../load/publishes.ts'
import type { LoopResult } from '../load/samples.ts'
import { quantile } from '../report/statistics.ts'
import { short } from '../report/table.ts'
import { type BenchDatabase, settle, withDatabase } from '../stand/databases.ts'
import { countKeys, seed } from '../stand/seed.ts'
import { type Service, withService } from '../stand/services.ts'
import { callJob } from './exporting.ts'
import { OPEN_CONNECTIONS } from './latency.ts'
import { exposure, LIMIT_MS, mustAllBeTaken, warmUp } from './saturate.ts'

const SERVICE = 'cleanup-exposure'
const HOUR_MS = 3_600_000
const EXPIRED_DAYS = 15

/** Deletes what has expired while phones publish, half as many as the service could take. */
export async function benchCleanUp(bench: Bench): Promise<void> {
  const { stand, sizes, report } = bench
  await withDatabase(stand, 'cleanup', (database) =>
    withService(stand, exposure(bench, database), (service) =>
      withService(stand, { ...exposure(bench, database), name: SERVICE }, async (cleaner) => {
        report.progress('clean-up: warming up')
        const perSecond = (await warmUp(bench, service)) / 2
        const parts = { database, service, cleaner, perSecond }
        const what = `clean-up: ${short(sizes.expiredKeys)} keys, ${Math.round(perSecond)} publishes a second`
        const rounds = await inRounds(bench, what, () => cleanUpOnce(bench, parts))
        addFigures(bench, rounds)
      }),
    ),
  )
}

interface Parts {
  database: BenchDatabase
  service: Service
  cleaner: Service
  perSecond: number
}

interface Round {
  deleted: number
  ms: number
  /** Of publishes during the clean-up, and just before it, in milliseconds. */
  p99: number
  quietP99: number
}

async function cleanUpOnce(bench: Bench, parts: Parts): Promise<Round> {
  const { database, cleaner } = parts
  const expired = await addExpired(bench, database)
  const quiet = await publish(bench, parts)
  const cleaning = cleanUp(cleaner)
  const loops = await publishDuring(cleaning, () => publish(bench, parts))
  const { deleted, startedAt, endedAt } = await cleaning
  if (deleted < expired) throw new Error(`of ${expired} expired keys ${deleted} were deleted`)
  return {
    deleted,
    ms: endedAt - startedAt,
    p99: quantile(
      loops.flatMap((loop) => latenciesBetween(loop, startedAt, endedAt)),
      0.99,
    ),
    quietP99: quantile(quiet.samples.latencyMs, 0.99),
  }
}

/** Stores keys that are past their time, and says how many. */
async function addExpired({ sizes }: Bench, database: BenchDatabase): Promise<number> {
  const { db } = database
  const before = await countKeys(db)
  const until = truncate(new Date(Date.now() - EXPIRED_DAYS * DAY_MS), HOUR_MS)
  const from = new Date(until.getTime() - DAY_MS)
  const publishes = Math.ceil(sizes.expiredKeys / KEYS_PER_PUBLISH)
  await seed(db, { publishes, from, until, windowMs: HOUR_MS })
  await settle(database)
  return (await countKeys(db)) - before
}

async function publish({ stand, load, sizes }: Bench, parts: Parts): Promise<LoopResult> {
  const { service, perSecond } = parts
  const real = Math.ceil(perSecond * sizes.roundSeconds)
  await load.run('makePublishes', { real, authority: stand.configuration.authority })
  const loop = await load.run('publishOpen', {
    ports: [service.port],
    connections: OPEN_CONNECTIONS,
    perSecond,
    limitMs: LIMIT_MS,
  })
  mustAllBeTaken(loop)
  return loop
}

async function cleanUp({ port }: Service) {
  const startedAt = Date.now()
  const { exposures: deleted = 0 } = await callJob(port, '/')
  return { deleted, startedAt, endedAt: Date.now() }
}

/** One round of publishes after the other, because nobody knows before how long the clean-up takes. */
async function publishDuring(
  cleaning: Promise<unknown>,
  publishRound: () => Promise<LoopResult>,
): Promise<LoopResult[]> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  cleaning.then(over, over)
  const loops: LoopResult[] = []
  do loops.push(await publishRound())
  while (!isOver)
  return loops
}

function latenciesBetween({ samples }: LoopResult, from: number, until: number): number[] {
  const { dueAt, latencyMs } = samples
  return [...latencyMs].filter((_, i) => {
    const at = dueAt[i] ?? 0
    return at >= from && at <= until
  })
}

function addFigures({ report, sizes }: Bench, rounds: readonly Round[]): void {
  report.add({
    id: 'cleanup.rate',
    name: `clean-up of ${short(sizes.expiredKeys)} keys while publishing`,
    unit: 'keys/s',
    better: 'higher',
    rounds: rounds.map(({ deleted, ms }) => (deleted * 1000) / ms),
  })
  report.add({
    id: 'cleanup.p99',
    name: 'p99 of a publish meanwhile',
    unit: 'ms',
    better: 'lower',
    rounds: rounds.map(({ p99 }) => p99),
    limit: { name: 'ms without clean-up', rounds: rounds.map(({ quietP99 }) => quietP99) },
    target: { timesLimit: 2 },
  })
}
