import { type BatchRange, INTERVAL_MS, truncate } from '@ens/domain'
import { type Bench, inRounds, known } from '../bench.ts'
import { KEYS_PER_PUBLISH } from '../load/publishes.ts'
import { short } from '../report/table.ts'
import { type BenchDatabase, settle, withDatabase } from '../stand/databases.ts'
import { seed } from '../stand/seed.ts'
import { exportWindows, MB, selectionOf } from './exporting.ts'

const HOUR_MS = 3_600_000

/** A day of ten-minute windows, as after an outage: a hundred thousand publishes in 144 archives. */
export async function benchManyWindows(bench: Bench): Promise<void> {
  const { stand, load, sizes, report } = bench
  const { count, publishesInEach } = sizes.windows
  const publishes = count * publishesInEach
  const what = `${count} windows of ten minutes, ${short(publishes * KEYS_PER_PUBLISH)} keys`
  await withDatabase(stand, 'windows', async (database) => {
    const windows = pastWindows(count)
    report.progress(`export: storing ${what}`)
    await fill(database, windows, publishes)
    const rounds = await inRounds(bench, `export: ${what}`, async (round) => {
      const { url } = database
      const copy = await load.run('copyOut', { url, selections: windows.map(selectionOf) })
      const run = await exportWindows(bench, {
        database,
        windows,
        filenameRoot: `windows-${round}`,
        periodSeconds: INTERVAL_MS / 1000,
        variables: { TRUNCATE_WINDOW: '10m' },
      })
      return { copy, run }
    })
    const runs = rounds.map(({ run }) => run)
    report.add({
      id: 'export.windows',
      name: what,
      unit: 's',
      better: 'lower',
      rounds: runs.map(({ ms }) => ms / 1000),
      limit: { name: 's bare copies', rounds: rounds.map(({ copy }) => copy.ms / 1000) },
      target: { atMost: 6 },
    })
    report.add({
      id: 'export.windows.peak',
      name: 'peak memory of these',
      unit: 'MB',
      better: 'lower',
      rounds: known(runs.map(({ peakBytes }) => peakBytes)).map((bytes) => bytes / MB),
      target: { atMost: 256 },
    })
    report.explain('export.windows.runs', runs)
  })
}

/** Oldest first, one after the other, the last of them ended an hour ago or more. */
function pastWindows(count: number): BatchRange[] {
  const end = truncate(new Date(Date.now() - HOUR_MS), INTERVAL_MS).getTime()
  return Array.from({ length: count }, (_, i) => {
    const start = end - (count - i) * INTERVAL_MS
    return { start: new Date(start), end: new Date(start + INTERVAL_MS) }
  })
}

async function fill(
  database: BenchDatabase,
  windows: readonly BatchRange[],
  publishes: number,
): Promise<void> {
  const [from, until] = [windows[0]?.start, windows.at(-1)?.end]
  if (!from || !until) return
  await seed(database.db, { publishes, from, until, windowMs: INTERVAL_MS })
  await settle(database)
}
