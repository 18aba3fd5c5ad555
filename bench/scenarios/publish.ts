import { type Bench, inRounds, known, limitOf } from '../bench.ts'
import { type BareServer, withBareServer } from '../limits/bare-service.ts'
import { median } from '../report/statistics.ts'
import { type BenchDatabase, settle, withDatabase } from '../stand/databases.ts'
import { type Service, withService } from '../stand/services.ts'
import { forgetStatements, statementsOf } from '../stand/statements.ts'
import { benchFirstPublishes } from './first-publishes.ts'
import { benchGrownTable } from './grown-table.ts'
import { benchLatency } from './latency.ts'
import {
  DATABASE_CONNECTIONS,
  exposure,
  LIMIT_MS,
  mustAllBeTaken,
  perSecond,
  type Saturation,
  saturate,
  startMeter,
  warmUp,
} from './saturate.ts'
import { benchTwoProcesses } from './two-processes.ts'

const VERIFY_MS = 1000

/** What publishing costs: at saturation, at half of it, at first, with a full table, and from two processes. */
export async function benchPublish(bench: Bench): Promise<void> {
  const { stand } = bench
  const rate = await withDatabase(stand, 'publish', (database) =>
    withDatabase(stand, 'publish_bare', (bare) =>
      withService(stand, exposure(bench, database), async (service) => {
        const found = await withBareServerAndDatabase(bench, (bareServer) =>
          benchSaturation(bench, { database, bare, bareServer, service }),
        )
        await benchLatency(bench, { bare, service, perSecond: found / 2 })
        return found
      }),
    ),
  )
  await benchFirstPublishes(bench, rate)
  await benchGrownTable(bench, rate)
  await benchTwoProcesses(bench, rate)
}

function withBareServerAndDatabase<T>(
  bench: Bench,
  work: (server: BareServer) => Promise<T>,
): Promise<T> {
  const { stand } = bench
  return withDatabase(stand, 'publish_server', (database) =>
    withBareServer(
      stand,
      { url: database.url, connections: DATABASE_CONNECTIONS },
      async (server) => {
        bench.report.progress('publish: warming up a bare server')
        await warmUp(bench, server)
        await settle(database)
        return work(server)
      },
    ),
  )
}

interface Parts {
  database: BenchDatabase
  /** For the driver alone, so that it does not make the service's table grow. */
  bare: BenchDatabase
  bareServer: BareServer
  service: Service
}

/** Returns the rate at saturation, which other scenarios load a service to a part of. */
async function benchSaturation(
  bench: Bench,
  { database, bare, bareServer, service }: Parts,
): Promise<number> {
  const { stand, load, sizes, report } = bench
  report.progress('publish: warming up')
  const warm = await warmUp(bench, service)
  await warmUpBare(bench, bare)
  await settle(database)
  await settle(bare)
  const publishes = Math.ceil(warm * sizes.roundSeconds)
  await forgetStatements(stand.server)
  const rounds = await inRounds(
    bench,
    `publish: ${publishes} publishes at saturation`,
    async () => {
      const limit = await saturateBare(bench, bare, publishes)
      const verify = await load.run('verificationsPerSecond', {
        forMs: Math.min(VERIFY_MS, sizes.roundSeconds * 1000),
      })
      const server = await saturate(bench, [bareServer], publishes)
      return { limit, verify, server, service: await saturate(bench, [service], publishes) }
    },
  )
  const statements = await statementsOf(stand.server, database.name)
  report.explain('publish.statements', statements.slice(0, 8))
  const calls = statements.reduce((sum, statement) => sum + statement.calls, 0)
  addFigures(bench, rounds, calls / (publishes * rounds.length))
  return median(rounds.map((round) => round.service.perSecond))
}

interface Round {
  limit: Pick<Saturation, 'perSecond' | 'loadUs' | 'databaseUs'>
  /** Certificates a second. */
  verify: number
  /** Of fastify, pg and crypto alone. */
  server: Saturation
  service: Saturation
}

function addFigures({ report }: Bench, rounds: readonly Round[], roundTrips: number): void {
  report.add({
    id: 'publish.rate',
    name: 'publishes of 14 keys, closed loop, saturated',
    unit: '/s',
    better: 'higher',
    rounds: rounds.map(({ service }) => service.perSecond),
    limit: { name: '/s bare driver', rounds: rounds.map(({ limit }) => limit.perSecond) },
    target: { atLeast: 2400, shareOfLimit: 0.6 },
  })
  report.add({
    id: 'publish.bareRate',
    name: 'the same by a bare server of fastify, pg and crypto',
    unit: '/s',
    better: 'higher',
    isOfMachine: true,
    rounds: rounds.map(({ server }) => server.perSecond),
    limit: { name: '/s bare driver', rounds: rounds.map(({ limit }) => limit.perSecond) },
  })
  report.add({
    id: 'publish.verification',
    name: 'CPU of checking a signature, alone',
    unit: 'µs',
    better: 'lower',
    isOfMachine: true,
    rounds: rounds.map(({ verify }) => 1_000_000 / verify),
  })
  report.add({
    id: 'publish.roundTrips',
    name: 'database round trips of a publish',
    unit: '',
    better: 'lower',
    rounds: [roundTrips],
    // What the service asks in the background, some times a minute, is among them.
    target: { atMost: 1.01 },
  })
  report.add({
    id: 'publish.serviceCpu',
    name: 'service CPU per publish',
    unit: 'µs',
    better: 'lower',
    rounds: known(rounds.map(({ service }) => service.serviceUs)),
    limit: limitOf('µs bare server', known(rounds.map(({ server }) => server.serviceUs))),
    target: { atMost: 300 },
  })
  report.add({
    id: 'publish.databaseCpu',
    name: 'database CPU per publish',
    unit: 'µs',
    better: 'lower',
    rounds: known(rounds.map(({ service }) => service.databaseUs)),
    limit: limitOf('µs bare driver', known(rounds.map(({ limit }) => limit.databaseUs))),
    target: { atMost: 350 },
  })
  report.explain('publish.loadGeneratorCpuUs', {
    service: rounds.map(({ service }) => service.loadUs),
    bareDriver: rounds.map(({ limit }) => limit.loadUs),
  })
}

async function warmUpBare(bench: Bench, bare: BenchDatabase): Promise<void> {
  await saturateBare(bench, bare, bench.sizes.warmUpPublishes)
}

/** The same statements over as many connections, without the service. */
async function saturateBare(
  { stand, load }: Bench,
  { url }: BenchDatabase,
  count: number,
): Promise<Round['limit']> {
  const { healthAuthorityId } = stand.configuration
  await load.run('makeStatements', { count, healthAuthorityId })
  const lanes = { url, connections: DATABASE_CONNECTIONS, limitMs: LIMIT_MS }
  const costs = startMeter(stand.postgresPid, [])
  const loop = await load.run('bareClosed', lanes)
  const { databaseMs } = costs()
  mustAllBeTaken(loop)
  return {
    perSecond: perSecond(loop),
    loadUs: (loop.cpuMs * 1000) / count,
    databaseUs: databaseMs === undefined ? undefined : (databaseMs * 1000) / count,
  }
}
