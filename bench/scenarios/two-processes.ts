import { type Bench, inRounds } from '../bench.ts'
import { settle, withDatabase } from '../stand/databases.ts'
import { type Service, withService } from '../stand/services.ts'
import { waitsDuring } from '../stand/statements.ts'
import { exposure, saturate, warmUp } from './saturate.ts'

/** Whether two processes on one database wait for each other for more than the database's own reasons. */
export async function benchTwoProcesses(bench: Bench, expectedRate: number): Promise<void> {
  const { stand } = bench
  await withDatabase(stand, 'two', (database) =>
    withService(stand, exposure(bench, database), (first) =>
      withService(stand, exposure(bench, database), async (second) => {
        await warmUp(bench, first)
        await warmUp(bench, second)
        await settle(database)
        await compare(bench, { first, second, expectedRate })
        await lookAtWaits(bench, { first, second, expectedRate, database: database.name })
      }),
    ),
  )
}

interface Pair {
  first: Service
  second: Service
  expectedRate: number
}

async function compare(bench: Bench, { first, second, expectedRate }: Pair): Promise<void> {
  const publishes = Math.ceil(expectedRate * bench.sizes.roundSeconds)
  const rounds = await inRounds(bench, 'publish: one process and two in turn', async () => ({
    one: await saturate(bench, [first], publishes),
    two: await saturate(bench, [first, second], publishes),
  }))
  bench.report.add({
    id: 'publish.twoProcesses',
    name: 'publishes from two processes on one database',
    unit: '/s',
    better: 'higher',
    rounds: rounds.map(({ two }) => two.perSecond),
    limit: { name: '/s one process', rounds: rounds.map(({ one }) => one.perSecond) },
  })
}

/** What the database does for itself: it makes a table longer. */
const OF_ITS_OWN = ['Lock:extend']

/** Apart from the rounds, because looking costs. Waits for locks of rows or transactions would be of our making. */
async function lookAtWaits(bench: Bench, pair: Pair & { database: string }): Promise<void> {
  const { stand, sizes, report } = bench
  const { first, second, expectedRate, database } = pair
  report.progress('publish: looking at what two processes wait for')
  const publishes = Math.ceil(expectedRate * sizes.roundSeconds)
  const { waits } = await waitsDuring(
    stand.server,
    database,
    saturate(bench, [first, second], publishes),
  )
  const all = Object.values(waits).reduce((sum, count) => sum + count, 0)
  const ofLocks = Object.entries(waits)
    .filter(([name]) => name.startsWith('Lock:') && !OF_ITS_OWN.includes(name))
    .reduce((sum, [, count]) => sum + count, 0)
  report.explain('publish.twoProcesses.waits', waits)
  if (all === 0) return
  report.add({
    id: 'publish.lockWaits',
    name: 'sessions seen waiting for locks, two processes',
    unit: '%',
    better: 'lower',
    rounds: [(100 * ofLocks) / all],
    target: { atMost: 1 },
    grain: 1,
  })
}
