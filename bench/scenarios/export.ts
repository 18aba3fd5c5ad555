import { type BatchRange, truncate } from '@ens/domain'
import { type Bench, inRounds, known, limitOf } from '../bench.ts'
import { KEYS_PER_PUBLISH } from '../load/publishes.ts'
import { median } from '../report/statistics.ts'
import { short } from '../report/table.ts'
import { type BenchDatabase, settle, withDatabase } from '../stand/databases.ts'
import { countKeys, seed } from '../stand/seed.ts'
import { type ExportRun, exportWindows, MB, selectionOf } from './exporting.ts'
import { benchManyWindows } from './many-windows.ts'

const HOUR_MS = 3_600_000
const PERIOD_HOURS = 4

/** What an export costs: windows of two sizes, and many small windows. */
export async function benchExport(bench: Bench): Promise<void> {
  const [fewer, more] = bench.sizes.exportedKeys
  const small = await benchWindow(bench, fewer, { isMain: false })
  const large = await benchWindow(bench, more, { isMain: true })
  reportGrowth(bench, small, large)
  await benchManyWindows(bench)
}

interface Round {
  run: ExportRun
  copy: { keys: number; ms: number }
}

/** Exports one window again and again, each time to another place. */
async function benchWindow(
  bench: Bench,
  keys: number,
  kind: { isMain: boolean },
): Promise<Round[]> {
  const { stand, load, report } = bench
  return withDatabase(stand, 'export', async (database) => {
    const window = lastWindow()
    report.progress(`export: storing ${short(keys)} keys in one window`)
    const publishes = Math.ceil(keys / KEYS_PER_PUBLISH)
    const arrivals = { from: window.start, until: window.end, windowMs: HOUR_MS }
    await seed(database.db, { publishes, ...arrivals })
    await settle(database)
    const stored = await countKeys(database.db)
    const rounds = await inRounds(bench, `export: ${short(stored)} keys`, async (round) => {
      const { url } = database
      const copy = await load.run('copyOut', { url, selections: [selectionOf(window)] })
      const run = await exportOnce(bench, database, window, round)
      return { run, copy }
    })
    addRates(bench, stored, rounds)
    if (kind.isMain) await addSizes(bench, { database, window, rounds })
    return rounds
  })
}

/** Ended long enough ago that no publish can still land in it. */
function lastWindow(): BatchRange {
  const end = truncate(new Date(Date.now() - PERIOD_HOURS * HOUR_MS), PERIOD_HOURS * HOUR_MS)
  return { start: new Date(end.getTime() - PERIOD_HOURS * HOUR_MS), end }
}

function exportOnce(
  bench: Bench,
  database: BenchDatabase,
  window: BatchRange,
  round: number,
): Promise<ExportRun> {
  const periodSeconds = (PERIOD_HOURS * HOUR_MS) / 1000
  const filenameRoot = `${database.name}-${Date.now()}-${round}`
  return exportWindows(bench, { database, filenameRoot, windows: [window], periodSeconds })
}

const keysPerSecond = ({ keys, ms }: { keys: number; ms: number }) => (keys * 1000) / ms

function addRates({ report, sizes }: Bench, keys: number, rounds: readonly Round[]): void {
  const [, largest] = sizes.exportedKeys
  report.add({
    id: `export.rate.${keys < largest ? 'small' : 'large'}`,
    name: `export of ${short(keys)} keys in one window`,
    unit: 'keys/s',
    better: 'higher',
    rounds: rounds.map(({ run }) => keysPerSecond(run)),
    limit: {
      name: 'keys/s bare copy',
      rounds: rounds.map(({ copy }) => keysPerSecond(copy)),
    },
    target: keys < largest ? undefined : { atLeast: 300_000 },
  })
}

interface Window {
  database: BenchDatabase
  window: BatchRange
  rounds: readonly Round[]
}

async function addSizes(
  { load, report }: Bench,
  { database, window, rounds }: Window,
): Promise<void> {
  report.progress('export: compressing the same keys with nothing around it')
  const { variables } = database
  const { inOrder, byKey } = await load.run('deflate', {
    variables,
    selection: selectionOf(window),
  })
  report.add({
    id: 'export.bytesPerKey',
    name: 'archive bytes per key, realistic metadata',
    unit: 'B',
    better: 'lower',
    rounds: [median(rounds.map(({ run }) => run.archiveBytes / run.keys))],
    limit: { name: 'B sorted by key', rounds: [byKey.bytes / byKey.keys] },
    target: { atMost: 17.7 },
  })
  report.add({
    id: 'export.serviceCpu',
    name: 'export service CPU per key',
    unit: 'µs',
    better: 'lower',
    rounds: known(rounds.map(({ run }) => perKey(run.serviceMs, run))),
    limit: { name: 'µs bare deflate', rounds: [(inOrder.ms * 1000) / inOrder.keys] },
  })
  report.add({
    id: 'export.databaseCpu',
    name: 'export database CPU per key',
    unit: 'µs',
    better: 'lower',
    rounds: known(rounds.map(({ run }) => perKey(run.databaseMs, run))),
  })
}

const perKey = (ms: number | undefined, { keys }: ExportRun) =>
  ms === undefined ? undefined : (ms * 1000) / keys

function reportGrowth({ report }: Bench, small: readonly Round[], large: readonly Round[]): void {
  const peaks = (rounds: readonly Round[]) =>
    known(rounds.map(({ run }) => run.peakBytes)).map((bytes) => bytes / MB)
  const keysOf = (rounds: readonly Round[]) => short(rounds[0]?.run.keys ?? 0)
  report.add({
    id: 'export.peak',
    name: `peak memory of an export of ${keysOf(large)} keys`,
    unit: 'MB',
    better: 'lower',
    rounds: peaks(large),
    limit: limitOf(`MB at ${keysOf(small)} keys`, peaks(small)),
    target: { atMost: 256, timesLimit: 1.2 },
  })
}
