import { exportConfigs, sql, withLock } from '@ens/database'
import type { ExportConfig } from '@ens/domain'
import { anExportConfig } from '@ens/domain/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createBatches, dueWindows } from './create-batches.ts'
import { type TestExporter, testExporter, testSettings } from './testing/exporter.ts'

const day5 = (time: string) => new Date(`2020-10-05T${time}:00Z`)

describe('which windows are due', () => {
  const settings = testSettings()
  const hourly = (overrides: Partial<ExportConfig> = {}) =>
    anExportConfig({ periodSeconds: 3600, from: new Date(0), ...overrides })
  const ends = (config: ExportConfig, latestEnd: Date | undefined, now: string) =>
    dueWindows(config, latestEnd, settings, day5(now)).map(({ end }) => end)

  test('those that ended an hour ago, which is the configured age', () => {
    expect(ends(hourly(), day5('08:00'), '10:59')).toEqual([day5('09:00')])
    expect(ends(hourly(), day5('08:00'), '11:00')).toEqual([day5('09:00'), day5('10:00')])
  })

  test('none before the config begins', () => {
    expect(ends(hourly({ from: day5('10:00') }), undefined, '11:00')).toEqual([])
    expect(ends(hourly({ from: day5('09:59') }), undefined, '11:00')).toEqual([day5('10:00')])
  })

  test('a config that ends still gets the window in which it does, and none after', () => {
    const config = hourly({ thru: day5('08:30') })
    expect(ends(config, day5('08:00'), '12:00')).toEqual([day5('09:00')])
    expect(ends(config, day5('09:00'), '12:00')).toEqual([])
    expect(ends(hourly({ thru: day5('09:00') }), day5('08:00'), '12:00')).toEqual([day5('09:00')])
  })

  test('a backlog is made in portions, the oldest first', () => {
    const limited = { ...settings, catchUpLimit: 2 }
    expect(dueWindows(hourly(), day5('00:00'), limited, day5('12:00'))).toEqual([
      { start: day5('00:00'), end: day5('01:00'), keysFrom: day5('00:00') },
      { start: day5('01:00'), end: day5('02:00'), keysFrom: day5('01:00') },
    ])
  })

  test('a window that overlaps the one before takes the keys that come after it', () => {
    const daily = anExportConfig({ periodSeconds: 86_400 })
    expect(dueWindows(daily, day5('17:00'), settings, new Date('2020-10-06T12:00:00Z'))).toEqual([
      { start: day5('00:00'), end: new Date('2020-10-06T00:00:00Z'), keysFrom: day5('17:00') },
    ])
  })
})

describe('making them', () => {
  let exporter: TestExporter
  beforeEach(async () => {
    exporter = await testExporter()
  })
  afterEach(() => exporter.close())

  const windows = () =>
    exporter.db.query<{ root: string; start: Date; end: Date }>(sql`
      select filename_root as root, start_timestamp as start, end_timestamp as "end"
      from export_batch order by id`)

  test('each config gets its windows once, the shorter periods first', async () => {
    await exporter.addConfig({ filenameRoot: 'day', periodSeconds: 86_400 })
    await exporter.addConfig({ filenameRoot: 'hour', periodSeconds: 3600 })

    expect(await exporter.createBatches()).toEqual({ created: 2 })
    expect(await exporter.createBatches()).toEqual({ created: 0 })

    expect(await windows()).toEqual([
      { root: 'hour', start: day5('10:00'), end: day5('11:00') },
      { root: 'day', start: new Date('2020-10-04T00:00:00Z'), end: day5('00:00') },
    ])
  })

  test('after an outage the missed windows follow, without a gap', async () => {
    await exporter.addConfig({ filenameRoot: 'us' })
    await exporter.createBatches()
    exporter.at('2020-10-05T15:00')
    expect(await exporter.createBatches()).toEqual({ created: 3 })
    expect((await windows()).map(({ end }) => end)).toEqual([
      day5('11:00'),
      day5('12:00'),
      day5('13:00'),
      day5('14:00'),
    ])
  })

  test('longer windows wait for shorter ones that have not caught up', async () => {
    await exporter.close()
    exporter = await testExporter({ catchUpLimit: 3 })
    await exporter.addConfig({ filenameRoot: 'long', periodSeconds: 4 * 3600 })
    await exporter.addConfig({ filenameRoot: 'hour', periodSeconds: 3600 })
    await exporter.createBatches()
    exporter.at('2020-10-05T17:00')
    expect(await exporter.createBatches()).toEqual({ created: 4 })
    expect(await exporter.createBatches()).toEqual({ created: 3 })
    expect((await windows()).map(({ root, end }) => `${root} ${end.getUTCHours()}`)).toEqual([
      ...['hour 11', 'long 8', 'hour 12', 'hour 13', 'hour 14', 'long 12'],
      ...['hour 15', 'hour 16', 'long 16'],
    ])
  })

  test('a config that fails does not stop the others, and is said to', async () => {
    const broken = await exporter.addConfig({ filenameRoot: 'broken' })
    await exporter.addConfig({ filenameRoot: 'sound' })
    await exporter.db.execute(
      sql`alter table export_batch add constraint nothing_for_one check (config_id <> ${sql([String(broken)])})`,
    )
    await expect(exporter.createBatches()).rejects.toThrow('some export configs failed')
    expect((await windows()).map(({ root }) => root)).toEqual(['sound'])
  })

  test('two runs at once, though the lock forbids it, make no window twice', async () => {
    for (const root of ['a', 'b', 'c', 'd']) await exporter.addConfig({ filenameRoot: root })
    const runs = await Promise.all([1, 2, 3].map(() => exporter.createBatches()))
    expect(runs.reduce((sum, { created }) => sum + created, 0)).toBe(4)
  })

  test('a batch keeps the terms of its config as they were', async () => {
    const id = await exporter.addConfig({ filenameRoot: 'old' })
    await exporter.createBatches()
    const config = await exportConfigs.find(exporter.db, id)
    if (config) await exportConfigs.update(exporter.db, { ...config, filenameRoot: 'new' })
    expect((await windows()).map(({ root }) => root)).toEqual(['old'])
  })

  test('a run that was ended stops between two configs', async () => {
    await exporter.addConfig()
    const ended = createBatches(exporter.deps, AbortSignal.abort(new Error('deadline')))
    await expect(ended).rejects.toThrow('deadline')
    expect(await windows()).toEqual([])
  })

  test('while another instance is at it, the job is refused by its lock', async () => {
    const { db, deps } = exporter
    const lock = { name: 'create_batches', ttlMs: 60_000, now: deps.now }
    const nested = await withLock(db, lock, () => withLock(db, lock, async () => 'ran'))
    expect(nested).toEqual({ ran: true, result: { ran: false } })
  })
})
