import type { ExportConfig } from '@ens/domain'
import { anExportConfig } from '@ens/domain/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exportBatches, exportConfigs, sql } from '../index.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())
beforeEach(() => db.execute(sql`truncate export_config cascade`))

const hour = (of: number) => new Date(Date.UTC(2020, 9, 5, of))
const later = (at: Date, ms: number) => new Date(at.getTime() + ms)
const TTL = 300_000
const OVERTAKE = 6 * 3_600_000
const REST = 60_000

const lease = (now: Date, from: TestDatabase = db) =>
  exportBatches.lease(from, { now, ttlMs: TTL, overtakeAfterMs: OVERTAKE, restMs: () => REST })

async function taken(now: Date): Promise<exportBatches.Lease> {
  const leased = await lease(now)
  if (!leased) throw new Error(`nothing to lease at ${now.toISOString()}`)
  return leased
}

/** A config with the given windows, as hours. */
async function configWith(root: string, windows: [number, number][]): Promise<ExportConfig> {
  const terms = anExportConfig({ filenameRoot: root })
  const config = { ...terms, id: await exportConfigs.insert(db, terms) }
  await addWindows(config, windows)
  return config
}

async function addWindows(config: ExportConfig, windows: [number, number][]): Promise<void> {
  const ranges = windows.map(([start, end]) => range(hour(start), hour(end)))
  await db.transaction((tx) => exportBatches.insert(tx, config, ranges))
}

const range = (start: Date, end: Date) => ({ start, end, keysFrom: start })

async function complete(leased: exportBatches.Lease): Promise<boolean> {
  return db.transaction(async (tx) => {
    await exportBatches.markSettled(tx, leased.batch.id, hour(12))
    return exportBatches.complete(tx, leased, hour(12))
  })
}

const windowOf = ({ batch }: exportBatches.Lease) => [
  batch.filenameRoot,
  batch.start.getUTCHours(),
  batch.end.getUTCHours(),
]

describe('making', () => {
  test('a batch copies the config, and its times come back exactly', async () => {
    const terms = anExportConfig({
      inputRegions: ['US', 'CA'],
      excludeRegions: ['MX'],
      includeTravelers: true,
      signatureInfoIds: [3, 1],
      maxRecordsOverride: 10,
    })
    const config = { ...terms, id: await exportConfigs.insert(db, terms) }
    const start = new Date('2020-10-05T08:00:00.001Z')
    await db.transaction((tx) => exportBatches.insert(tx, config, [range(start, hour(9))]))

    const { batch } = await taken(hour(10))

    const { id: _, periodSeconds: __, from: ___, ...copied } = config
    expect(batch).toMatchObject({ ...copied, configId: config.id, start, end: hour(9) })
    expect(await exportBatches.find(db, batch.id)).toEqual(batch)
  })

  test('without input regions a batch takes those of the output region', async () => {
    const terms = anExportConfig({ inputRegions: [], outputRegion: 'GU' })
    const config = { ...terms, id: await exportConfigs.insert(db, terms) }
    await addWindows(config, [[8, 9]])
    expect((await taken(hour(10))).batch.inputRegions).toEqual(['GU'])
  })

  test('the latest end is that of any batch, whatever its status', async () => {
    const config = await configWith('us', [
      [8, 9],
      [9, 10],
    ])
    await complete(await taken(hour(11)))
    expect(await exportBatches.latestEnd(db, config.id)).toEqual(hour(10))
    expect(await exportBatches.latestEnd(db, -1)).toBeUndefined()
  })

  test('a window is made once', async () => {
    const config = await configWith('us', [[8, 9]])
    await expect(addWindows(config, [[8, 9]])).rejects.toMatchObject({
      constraint: 'export_batch_window_key',
    })
  })
})

describe('leasing', () => {
  test('a window that has not ended is left alone', async () => {
    await configWith('us', [[8, 9]])
    expect(await lease(hour(9))).toBeUndefined()
    expect(await lease(later(hour(9), 1))).toBeDefined()
  })

  test('the oldest windows come first, and of equal ends the shorter one', async () => {
    await configWith('day', [[0, 9]])
    await configWith('late', [[8, 10]])
    await configWith('hour', [[8, 9]])
    await configWith('early', [[6, 8]])
    const inTurn: unknown[] = []
    for (let i = 0; i < 4; i++) inTurn.push(windowOf(await taken(hour(11)))[0])
    expect(inTurn).toEqual(['early', 'hour', 'day', 'late'])
  })

  test('eight workers at once lease eight batches, none twice', async () => {
    for (let i = 0; i < 8; i++) await configWith(`root-${i}`, [[8, 9]])
    const leases = await Promise.all(Array.from({ length: 8 }, () => lease(hour(10))))
    const ids = leases.flatMap((leased) => (leased ? [leased.batch.id] : []))
    const rest: number[] = []
    for (let more = await lease(hour(10)); more; more = await lease(hour(10)))
      rest.push(more.batch.id)
    expect(new Set([...ids, ...rest]).size).toBe(8)
    expect([...ids, ...rest]).toHaveLength(8)
  })

  test('a younger window waits until the older ones of its config are complete', async () => {
    await configWith('us', [
      [8, 9],
      [9, 10],
    ])
    const first = await taken(hour(11))
    expect(await lease(hour(11))).toBeUndefined()
    expect(await complete(first)).toBe(true)
    expect(windowOf(await taken(hour(11)))).toEqual(['us', 9, 10])
  })

  test('a lease ends by itself and passes on, and its late holder can do nothing any more', async () => {
    await configWith('us', [[8, 9]])
    const late = await taken(hour(10))
    expect(late.batch.leaseExpires).toEqual(later(hour(10), TTL))
    expect(await lease(later(hour(10), TTL))).toBeUndefined()
    const next = await taken(later(hour(10), TTL + 1))

    expect([await exportBatches.isHeld(db, late), await exportBatches.isHeld(db, next)]).toEqual([
      ...[false, true],
    ])
    expect(await exportBatches.renew(db, late, hour(11))).toBe(false)
    expect(await exportBatches.release(db, late)).toBe(false)
    const failure = { at: hour(10), notBefore: hour(10), reason: 'late' }
    expect(await exportBatches.fail(db, late, failure)).toBe(false)
    expect(await complete(late)).toBe(false)
    expect(await complete(next)).toBe(true)
  })

  test('a renewed lease lasts', async () => {
    await configWith('us', [[8, 9]])
    const leased = await taken(hour(10))
    expect(await exportBatches.renew(db, leased, hour(11))).toBe(true)
    expect(await lease(hour(11))).toBeUndefined()
  })

  test('a released batch can be leased at once, or after the time that is given', async () => {
    await configWith('us', [[8, 9]])
    await exportBatches.release(db, await taken(hour(10)))
    await exportBatches.release(db, await taken(hour(10)), hour(11))
    expect(await lease(later(hour(11), -1))).toBeUndefined()
    expect((await taken(hour(11))).batch.failures).toBe(0)
  })
})

describe('failing', () => {
  const failAt = async (at: Date) => {
    const leased = await taken(at)
    await exportBatches.fail(db, leased, { at, notBefore: later(at, REST), reason: 'no key' })
    return leased
  }

  test('a batch that failed rests, is counted, and is forgiven when it is complete', async () => {
    await configWith('us', [[8, 9]])
    const { batch } = await failAt(hour(10))
    expect(await lease(later(hour(10), REST - 1))).toBeUndefined()
    await failAt(later(hour(10), REST))
    const again = later(hour(10), 2 * REST)
    expect(await exportBatches.find(db, batch.id)).toMatchObject({
      status: 'OPEN',
      failures: 2,
      failingSince: hour(10),
      notBefore: again,
      lastError: 'no key',
    })
    await complete(await taken(again))
    expect(await exportBatches.find(db, batch.id)).toMatchObject({
      status: 'COMPLETE',
      failures: 0,
      failingSince: undefined,
      lastError: undefined,
    })
  })

  test('a worker that vanished counts as a failure, and a batch that it keeps happening to rests too', async () => {
    await configWith('us', [[8, 9]])
    await taken(hour(10))
    const second = later(hour(10), TTL + 1)
    expect((await taken(second)).batch).toMatchObject({ failures: 1, failingSince: second })
    expect(await lease(later(second, TTL + REST - 1))).toBeUndefined()
    expect((await taken(later(second, TTL + REST))).batch.failures).toBe(2)
  })

  test('a failing batch does not hold up another config', async () => {
    await configWith('us', [[7, 8]])
    await failAt(hour(10))
    await configWith('ca', [[8, 9]])
    expect(windowOf(await taken(hour(10)))).toEqual(['ca', 8, 9])
  })

  test('a failing batch is overtaken by younger ones of its config, but only after the delay', async () => {
    await configWith('us', [
      [7, 8],
      [8, 9],
    ])
    await failAt(hour(10))
    const delayed = later(hour(10), OVERTAKE)
    await exportBatches.release(db, await taken(later(delayed, -1)), hour(23))
    expect(await lease(later(delayed, -1))).toBeUndefined()
    const younger = await taken(delayed)
    expect([windowOf(younger), younger.overtaken]).toEqual([['us', 8, 9], 1])
  })
})

describe('settling', () => {
  test('what overlaps a batch is settled with it, shorter windows first, and what does not is left', async () => {
    await configWith('day', [[0, 12]])
    await configWith('hours', [
      [9, 10],
      [11, 12],
      [12, 13],
    ])
    await configWith('halves', [[6, 12]])
    await db.execute(
      sql`update export_batch set keys_from = end_timestamp where end_timestamp = ${hour(10)}`,
    )
    const all = await db.query<{ id: number }>(sql`select id from export_batch`)
    const batches = await Promise.all(all.map(({ id }) => exportBatches.find(db, id)))
    const day = batches.find((batch) => batch?.filenameRoot === 'day')
    if (!day) throw new Error('no day')

    const unsettled = await db.transaction((tx) => exportBatches.listUnsettled(tx, day))
    expect(unsettled.map(({ start, end }) => [start, end])).toEqual([
      [hour(9), hour(10)],
      [hour(11), hour(12)],
      [hour(6), hour(12)],
      [hour(0), hour(12)],
    ])

    await db.transaction(async (tx) => {
      for (const { id } of unsettled.slice(0, 3)) await exportBatches.markSettled(tx, id, hour(13))
    })
    await db.transaction(async (tx) => {
      expect(await exportBatches.settledUntil(tx, day)).toEqual(hour(10))
      expect((await exportBatches.listUnsettled(tx, day)).map(({ id }) => id)).toEqual([day.id])
    })
  })
})
