import { DAY_MS, truncate } from '@ens/domain'
import { type Bench, inRounds } from '../bench.ts'
import { KEYS_PER_PUBLISH } from '../load/publishes.ts'
import { short } from '../report/table.ts'
import { type BenchDatabase, settle, withDatabase } from '../stand/databases.ts'
import { seed, sizeOfExposures } from '../stand/seed.ts'
import { type Service, withService } from '../stand/services.ts'
import { exposure, saturate, warmUp } from './saturate.ts'

const HOUR_MS = 3_600_000
const LIVE_DAYS = 14

/** How the cost of a publish grows with the table: an empty one and a full one take turns. */
export async function benchGrownTable(bench: Bench, expectedRate: number): Promise<void> {
  for (const liveKeys of bench.sizes.liveKeys) await benchTableOf(bench, liveKeys, expectedRate)
}

async function benchTableOf(bench: Bench, liveKeys: number, expectedRate: number): Promise<void> {
  const { stand, report } = bench
  await withDatabase(stand, 'empty', (empty) =>
    withDatabase(stand, 'grown', async (grown) => {
      report.progress(`publish: storing ${short(liveKeys)} live keys`)
      await fill(grown, liveKeys)
      await withService(stand, exposure(bench, empty), (atEmpty) =>
        withService(stand, exposure(bench, grown), (atGrown) =>
          takeTurns(bench, { empty, grown, atEmpty, atGrown, liveKeys, expectedRate }),
        ),
      )
      await reportSize(bench, liveKeys, grown)
    }),
  )
}

/** Two weeks of publishes up to now. */
async function fill(database: BenchDatabase, keys: number): Promise<void> {
  const until = truncate(new Date(), HOUR_MS)
  const from = new Date(until.getTime() - LIVE_DAYS * DAY_MS)
  const publishes = Math.ceil(keys / KEYS_PER_PUBLISH)
  await seed(database.db, { publishes, from, until, windowMs: HOUR_MS })
  await settle(database)
}

interface Turns {
  empty: BenchDatabase
  grown: BenchDatabase
  atEmpty: Service
  atGrown: Service
  liveKeys: number
  expectedRate: number
}

async function takeTurns(bench: Bench, turns: Turns): Promise<void> {
  const { sizes, report } = bench
  const { empty, grown, atEmpty, atGrown, liveKeys, expectedRate } = turns
  await warmUp(bench, atEmpty)
  await warmUp(bench, atGrown)
  await settle(empty)
  await settle(grown)
  const publishes = Math.ceil(expectedRate * sizes.roundSeconds)
  const rounds = await inRounds(bench, 'publish: empty and full table in turn', async () => ({
    empty: await saturate(bench, [atEmpty], publishes),
    grown: await saturate(bench, [atGrown], publishes),
  }))
  report.add({
    id: `publish.grown.${liveKeys}`,
    name: `publishes with ${short(liveKeys)} live keys in the table`,
    unit: '/s',
    better: 'higher',
    rounds: rounds.map((round) => round.grown.perSecond),
    limit: { name: '/s empty table', rounds: rounds.map((round) => round.empty.perSecond) },
    target: { shareOfLimit: 0.8 },
  })
}

async function reportSize(
  { report, sizes }: Bench,
  liveKeys: number,
  { db }: BenchDatabase,
): Promise<void> {
  const size = await sizeOfExposures(db)
  report.explain(`publish.sizes.${liveKeys}`, size)
  if (liveKeys !== sizes.liveKeys.at(-1)) return
  report.add({
    id: 'publish.bytesPerKey',
    name: 'database bytes per stored key, with indexes',
    unit: 'B',
    better: 'lower',
    rounds: [size.totalBytes / size.keys],
    target: { atMost: 240 },
  })
}
