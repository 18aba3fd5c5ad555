import {
  type Database,
  databaseUnavailable,
  exportBatches,
  exportConfigs,
  exposures,
  sql,
  type Transaction,
} from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { aKey, anExportConfig } from '@ens/domain/testing'
import { type LogLine, recordingLogger } from '@ens/observability/testing'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CleanupDeps, cleanUpExposures } from './clean-up-exposures.ts'
import { cleanupEvents } from './events.ts'
import { storeKey } from './testing/store-key.ts'

const HOUR_MS = 3_600_000
const NOON = new Date('2020-06-15T12:00:00Z')
const CUTOFF = new Date('2020-06-01T12:00:00Z')
const before = (at: Date, hours: number) => new Date(at.getTime() - hours * HOUR_MS)

let db: TestDatabase
let deps: CleanupDeps
let lines: LogLine[]
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())
beforeEach(async () => {
  await db.execute(sql`truncate exposure, export_config, publish_event, publish_hour cascade`)
  const recording = await recordingLogger()
  lines = recording.lines
  deps = {
    db,
    settings: {
      ...{ ttlMs: 336 * HOUR_MS, timeoutMs: 60_000, allowsShortTtl: false, batchSize: 1000 },
    },
    now: () => NOON,
    rest: async () => {},
    events: cleanupEvents(recording.logger),
  }
})

const run = (changes: Partial<CleanupDeps> = {}, signal = new AbortController().signal) =>
  cleanUpExposures({ ...deps, ...changes }, signal)

const settings = (changes: Partial<CleanupDeps['settings']>) => ({
  settings: { ...deps.settings, ...changes },
})

/** Which keys are stored, by the numbers they were stored with. */
async function storedKeys(): Promise<number[]> {
  const rows = await db.query<{ exposure_key: Buffer }>(
    sql`select exposure_key from exposure order by exposure_key`,
  )
  return rows.map(({ exposure_key }) => exposure_key.readUInt32BE())
}

/** An event of the statistics, or a row of folded ones. */
async function storeStatistics(table: 'event' | 'hour', hour: Date): Promise<void> {
  await (table === 'event'
    ? db.execute(sql`
        insert into publish_event (hour, health_authority_id, key_count, platform, revision, missing_onset)
        values (${hour}, 7, 3, 1, false, true)`)
    : db.execute(sql`
        insert into publish_hour (health_authority_id, hour, publishes, key_count, revisions,
          oldest_key_days, onset_age_days, missing_onset)
        values (7, ${hour}, '{0,1,0}', 3, 0, array_fill(0, array[16]), array_fill(0, array[30]), 1)`))
}

/** The hours that the statistics hold, oldest first; a plus marks folded ones. */
async function storedHours(): Promise<string[]> {
  const rows = await db.query<{ hour: Date; is_folded: boolean }>(sql`
    select hour, false as is_folded from publish_event
    union all select hour, true from publish_hour
    order by hour, is_folded`)
  return rows.map(({ hour, is_folded }) => `${is_folded ? '+' : ''}${hour.toISOString()}`)
}

/** An export config whose windows are complete up to that moment. */
async function addExportedUntil(end: Date): Promise<void> {
  const config = anExportConfig()
  const id = await exportConfigs.insert(db, config)
  const window = { start: before(end, 4), end, keysFrom: before(end, 4) }
  await db.transaction((tx) => exportBatches.insert(tx, { ...config, id }, [window]))
  await db.execute(sql`update export_batch set status = 'COMPLETE', settled_at = ${end}`)
}

describe('keys', () => {
  test('go once they pass their time to live, and not a moment before', async () => {
    await storeKey(db, 1, before(CUTOFF, 1000))
    await storeKey(db, 2, new Date(CUTOFF.getTime() - 1000))
    await storeKey(db, 3, CUTOFF)
    await storeKey(db, 4, before(NOON, -24)) // embargoed
    expect(await run()).toEqual({ exposures: 2, statistics: 0, folded: 0 })
    expect(await storedKeys()).toEqual([3, 4])
    expect(await run()).toEqual({ exposures: 0, statistics: 0, folded: 0 })
  })

  test('that padding has generated go like all others', async () => {
    for (const [number, createdAt] of [CUTOFF, before(CUTOFF, 1)].entries()) {
      await storeKey(db, number, createdAt)
      const generated = { key: aKey(number + 10), model: aKey(number), createdAt }
      await db.transaction((tx) => exposures.insertGenerated(tx, { end: NOON }, [generated]))
    }
    expect(await run()).toMatchObject({ exposures: 2 })
    expect(await storedKeys()).toEqual([0, 10])
  })

  test('go a batch at a time, with a rest between two', async () => {
    for (const number of [1, 2, 3, 4, 5]) await storeKey(db, number, before(CUTOFF, number))
    const leftAtRest: number[][] = []
    const rest = async () => void leftAtRest.push(await storedKeys())
    expect(await run({ ...settings({ batchSize: 2 }), rest })).toMatchObject({ exposures: 5 })
    expect(leftAtRest).toEqual([[1, 2, 3], [1]])
  })

  test('stay while their revision is still to be exported, for 48 h at most', async () => {
    await addExportedUntil(before(NOON, 4))
    await storeKey(db, 1, before(CUTOFF, 1), before(NOON, 2))
    await storeKey(db, 2, before(CUTOFF, 48), before(NOON, 4))
    await storeKey(db, 3, before(CUTOFF, 49), before(NOON, 2))
    await storeKey(db, 4, before(CUTOFF, 1), before(NOON, 5))
    expect(await run()).toMatchObject({ exposures: 2 })
    expect(await storedKeys()).toEqual([1, 2])

    await addWindowUpTo(NOON)
    expect(await run()).toMatchObject({ exposures: 2 })
  })

  /** The config goes on: its next window is exported. */
  async function addWindowUpTo(end: Date): Promise<void> {
    await db.execute(sql`update export_batch set end_timestamp = ${end}`)
  }

  test('that a publish holds stay for the next run', async () => {
    for (const number of [1, 2, 3]) await storeKey(db, number, before(CUTOFF, number))
    await db.transaction(async (tx) => {
      await exposures.lockStored(tx, [aKey(2)])
      expect(await run(settings({ batchSize: 1 }))).toMatchObject({ exposures: 2 })
    })
    expect(await storedKeys()).toEqual([2])
    expect(await run()).toMatchObject({ exposures: 1 })
  })

  test('are deleted once, by whichever of several runs comes first', async () => {
    for (let number = 0; number < 100; number++) await storeKey(db, number, before(CUTOFF, number))
    const runs = await Promise.all([1, 2, 3].map(() => run(settings({ batchSize: 7 }))))
    expect(runs.reduce((sum, { exposures }) => sum + exposures, 0)).toBeGreaterThan(0)
    await run()
    expect(await storedKeys()).toEqual([0])
  })
})

test('whatever is stored, what is left is what the rules say', async () => {
  const hours = fc.integer({ min: -80, max: 80 })
  const row = fc.record({ createdAt: hours, revisedAt: fc.option(hours) })
  const exported = fc.option(fc.integer({ min: -80, max: 0 }))
  const story = fc.asyncProperty(
    ...[fc.array(row, { maxLength: 12 }), exported, fc.integer({ min: 1, max: 4 })],
    async (rows, exportedUntil, batchSize) => {
      await db.execute(sql`truncate exposure, export_config cascade`)
      if (exportedUntil !== null) await addExportedUntil(before(NOON, -exportedUntil))
      for (const [number, { createdAt, revisedAt }] of rows.entries())
        await storeKey(
          ...([db, number, before(CUTOFF, -createdAt)] as const),
          ...(revisedAt === null ? [] : [before(NOON, -revisedAt)]),
        )
      const stays = ({ createdAt, revisedAt }: (typeof rows)[number]) =>
        createdAt >= 0 ||
        (createdAt >= -48 &&
          revisedAt !== null &&
          exportedUntil !== null &&
          revisedAt >= exportedUntil)
      const wanted = rows.flatMap((row, number) => (stays(row) ? [number] : []))

      const counts = await run(settings({ batchSize }))

      expect(await storedKeys()).toEqual(wanted)
      expect(counts.exposures).toBe(rows.length - wanted.length)
    },
  )
  await fc.assert(story, { numRuns: runs(60) })
})

describe('statistics', () => {
  test('go by whole days, folded or not; what is left is folded, but for the hour that lasts', async () => {
    const midnight = new Date('2020-06-01T00:00:00Z')
    for (const hour of [before(midnight, 30), before(midnight, 1), midnight, NOON])
      for (const table of ['hour', 'event'] as const) await storeStatistics(table, hour)
    expect(await run()).toEqual({ exposures: 0, statistics: 4, folded: 1 })
    expect(await storedHours()).toEqual([
      '+2020-06-01T00:00:00.000Z',
      '2020-06-15T12:00:00.000Z',
      '+2020-06-15T12:00:00.000Z',
    ])
  })

  test('go although keys cannot be deleted, and the run fails', async () => {
    await storeKey(db, 1, before(CUTOFF, 1))
    await storeStatistics('event', before(CUTOFF, 24))
    await db.execute(sql`
      create function refuse() returns trigger language plpgsql as 'begin raise ''refused''; end'`)
    await db.execute(sql`
      create trigger stuck before delete on exposure for each row execute function refuse()`)
    await expect(run()).rejects.toThrow(AggregateError)
    await db.execute(sql`drop function refuse cascade`)
    expect(await storedKeys()).toEqual([1])
    expect(await storedHours()).toEqual([])
    expect(lines).toContainEqual(expect.objectContaining({ severity: 'ERROR', step: 'exposures' }))
  })
})

describe('a run that is ended', () => {
  test('keeps what it has done, and the next one goes on', async () => {
    for (const number of [1, 2, 3, 4, 5]) await storeKey(db, number, before(CUTOFF, number))
    await storeStatistics('event', before(CUTOFF, 24))
    const ending = new AbortController()
    const rest = async () => ending.abort(new Error('the caller hung up'))
    const ended = run({ ...settings({ batchSize: 2 }), rest }, ending.signal)
    await expect(ended).rejects.toMatchObject({ errors: [{ code: 'cleanup_exposures_left' }] })
    expect(await storedKeys()).toEqual([1, 2, 3])
    expect(await run()).toEqual({ exposures: 3, statistics: 1, folded: 0 })
  })

  test('before it began does nothing', async () => {
    await storeKey(db, 1, before(CUTOFF, 1))
    await expect(run({}, AbortSignal.abort())).rejects.toThrow(AggregateError)
    expect(await storedKeys()).toEqual([1])
  })

  test('a step that is out of time leaves the others theirs', async () => {
    for (const number of [1, 2, 3]) await storeKey(db, number, before(CUTOFF, number))
    await storeStatistics('event', before(CUTOFF, 24))
    const rest = (_: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    const short = settings({ batchSize: 2, timeoutMs: 500 })
    await expect(run({ ...short, rest })).rejects.toMatchObject({
      errors: [{ code: 'cleanup_exposures_left' }],
    })
    expect(await storedKeys()).toEqual([1])
    expect(await storedHours()).toEqual([])
  })
})

test('a fault at any step harms nothing, and the next run ends as if it had not been', async () => {
  let step = 0
  for (let wasHit = true; wasHit; ) {
    step++
    await db.execute(sql`truncate exposure, publish_event, publish_hour, export_config cascade`)
    await addExportedUntil(before(NOON, 4))
    for (const number of [1, 2, 3]) await storeKey(db, number, before(CUTOFF, number))
    await storeKey(db, 4, before(CUTOFF, 1), NOON)
    await storeStatistics('event', before(CUTOFF, 24))
    await storeStatistics('event', CUTOFF)
    const faulty = failingAt(db, step)
    await run({ ...settings({ batchSize: 2 }), db: faulty.db }).catch(() => {})
    expect(await storedKeys()).toContain(4)
    await run()
    expect(await storedKeys()).toEqual([4])
    expect(await storedHours()).toEqual([`+${CUTOFF.toISOString()}`])
    wasHit = faulty.wasHit()
  }
  expect(step).toBeGreaterThan(15)
})

/** The same database, but its n-th answer is lost, or its n-th step is not taken. */
function failingAt(db: Database, n: number): { db: Database; wasHit: () => boolean } {
  let steps = 0
  const around = async <T>(work: () => Promise<T>): Promise<T> => {
    if (++steps === n) throw databaseUnavailable('a fault before a step')
    const result = await work()
    if (++steps === n) throw databaseUnavailable('a fault after a step')
    return result
  }
  const queries = <Q extends Pick<Database, 'query' | 'execute'>>(of: Q): Q => ({
    ...of,
    query: (...args) => around(() => of.query(...args)),
    execute: (...args) => around(() => of.execute(...args)),
  })
  const faulty = {
    ...queries(db),
    transaction: (work, options) =>
      around(() => db.transaction((tx: Transaction) => work(queries(tx)), options)),
  } satisfies Database
  return { db: faulty, wasHit: () => steps >= n }
}

describe('a time to live', () => {
  test.each([
    [{ ttlMs: 239 * HOUR_MS }, 'less than configured minimum ttl of 240h0m0s'],
    [{ ttlMs: -HOUR_MS, allowsShortTtl: true }, 'less than configured minimum ttl of 0s'],
  ])('of %o is refused before anything is deleted', async (changes, problem) => {
    await storeKey(db, 1, before(CUTOFF, 1000))
    await expect(run(settings(changes))).rejects.toThrow(problem)
    expect(await storedKeys()).toEqual([1])
  })

  test('may be short for tests, and embargoed keys stay', async () => {
    await storeKey(db, 1, before(NOON, 1))
    await storeKey(db, 2, NOON)
    await storeKey(db, 3, before(NOON, -1))
    expect(await run(settings({ ttlMs: 0, allowsShortTtl: true }))).toMatchObject({ exposures: 1 })
    expect(await storedKeys()).toEqual([2, 3])
  })
})
