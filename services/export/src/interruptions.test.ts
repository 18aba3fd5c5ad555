import { exportBatches, exposures, openDatabase, sql } from '@ens/database'
import { aKey, anExposure } from '@ens/domain/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ExportDeps } from './deps.ts'
import { holdLease } from './hold-lease.ts'
import { inTurn } from './in-turn.ts'
import { type TestExporter, testExporter } from './testing/exporter.ts'
import { hookedBlobstore } from './testing/faults.ts'
import { workBatches } from './work-batches.ts'

let exporter: TestExporter
let signatureInfoIds: number[]
beforeEach(async () => {
  exporter = await testExporter()
  signatureInfoIds = [await exporter.addSigner()]
})
afterEach(() => exporter.close())

const day5 = (time: string) => new Date(`2020-10-05T${time}:00Z`)
const statuses = async () =>
  (
    await exporter.db.query<{ status: string; failures: number }>(
      sql`select status, failures from export_batch order by end_timestamp, id`,
    )
  ).map(({ status, failures }) => [status, failures])
const workWith = (changes: Partial<ExportDeps>, signal: AbortSignal) =>
  workBatches({ ...exporter.deps, ...changes }, signal)

describe('a run that is ended', () => {
  const ended = expect.objectContaining({
    errors: [expect.objectContaining({ code: 'export_work_unfinished' })],
  })

  beforeEach(async () => {
    await exporter.addConfig({ signatureInfoIds })
    await exporter.createBatches()
    exporter.at('2020-10-05T14:00')
    await exporter.createBatches()
    for (const [number, time] of [
      [1, '10:00'],
      [2, '11:00'],
      [3, '12:00'],
    ] as const)
      await exporter.publish({ key: aKey(number), createdAt: day5(time) })
  })

  test('keeps what it finished, gives back what it has in hand, and the next call goes on at once', async () => {
    const controller = new AbortController()
    let creates = 0
    const blobstore = hookedBlobstore(exporter.deps.blobstore, (step) => {
      if (step === 'after create' && ++creates === 3) controller.abort(new Error('hung up'))
    })
    await expect(workWith({ blobstore }, controller.signal)).rejects.toEqual(ended)
    expect(await statuses()).toEqual([
      ['COMPLETE', 0],
      ['OPEN', 0],
      ['OPEN', 0],
    ])
    expect(await exporter.download()).toHaveLength(1)
    expect(await exporter.doWork()).toMatchObject({ batches: 2, files: 2 })
    expect(await exporter.download()).toHaveLength(3)
  })

  test('while it waits for the blob store does not wait any longer', async () => {
    const controller = new AbortController()
    const { blobstore } = exporter.deps
    const hanging: ExportDeps['blobstore'] = {
      ...blobstore,
      create: (_bucket, _name, _contents, { signal }) => {
        const { promise, reject } = Promise.withResolvers<never>()
        signal.addEventListener('abort', () => reject(signal.reason))
        controller.abort(new Error('deadline'))
        return promise
      },
    }
    await expect(workWith({ blobstore: hanging }, controller.signal)).rejects.toEqual(ended)
    expect(await statuses()).toEqual([
      ['OPEN', 0],
      ['OPEN', 0],
      ['OPEN', 0],
    ])
  })

  test.each([
    [
      'by its deadline, most of which one batch took, counts that one as failed',
      150_000,
      'TimeoutError',
      1,
    ],
    [
      'by its deadline soon after a batch was begun holds nothing against that',
      149_999,
      'TimeoutError',
      0,
    ],
    ['by its caller holds nothing against the batch in hand', 150_000, 'Error', 0],
  ])('%s', async (_, tookMs, name, failures) => {
    const controller = new AbortController()
    const blobstore = hookedBlobstore(exporter.deps.blobstore, () => {
      exporter.advance(tookMs)
      controller.abort(Object.assign(new Error('over'), { name }))
      throw new Error('over')
    })
    await expect(workWith({ blobstore }, controller.signal)).rejects.toEqual(ended)
    expect((await statuses())[0]).toEqual(['OPEN', failures])
    expect(await exporter.doWork()).toMatchObject({ batches: failures > 0 ? 0 : 3 })
  })

  test('before it began touches nothing', async () => {
    await expect(workWith({}, AbortSignal.abort())).rejects.toEqual(ended)
    expect(await statuses()).toEqual([
      ['OPEN', 0],
      ['OPEN', 0],
      ['OPEN', 0],
    ])
  })
})

describe('a publish that is not committed when its window ends', () => {
  test('is waited for, and is in the archive', async () => {
    await exporter.addConfig({ signatureInfoIds })
    await exporter.createBatches()
    await exporter.publish({ key: aKey(1), createdAt: day5('10:00') })
    await exporter.db.transaction(async (tx) => {
      await exposures.admit(tx, {
        ...{ arrivedAt: day5('10:59'), maxSkewMs: undefined, maxWaitMs: 1000 },
      })
      const inserts = [anExposure({ key: aKey(2), createdAt: day5('10:00') })]
      await exposures.write(tx, { inserts, revisions: [], statistics: undefined })

      expect(await exporter.doWork()).toEqual({ batches: 0, files: 0, keys: 0, postponed: 1 })
      expect(await exporter.doWork()).toMatchObject({ postponed: 0 })
    })
    exporter.advance(15_000)
    expect(await exporter.doWork()).toMatchObject({ batches: 1, keys: 2 })
  })

  test('is waited for until the truncate window of the end is over, in which it may still arrive', async () => {
    await exporter.addConfig({ periodSeconds: 900, signatureInfoIds })
    await exporter.createBatches()
    exporter.at('2020-10-05T12:00')
    await exporter.db.execute(sql`
      update export_batch set start_timestamp = ${day5('10:00')}, keys_from = ${day5('10:00')},
        end_timestamp = ${day5('10:15')}`)
    const arriving = (time: string) =>
      exporter.db.transaction(async (tx) => {
        await exposures.admit(tx, { arrivedAt: day5(time), maxSkewMs: undefined, maxWaitMs: 1000 })
        return exporter.doWork()
      })
    expect(await arriving('10:59')).toMatchObject({ postponed: 1, batches: 0 })
    exporter.advance(15_000)
    expect(await arriving('11:00')).toMatchObject({ postponed: 0, batches: 1 })
  })

  test('is not waited for by a window of which the database’s clock says that it is long over', async () => {
    await exporter.addConfig({ signatureInfoIds })
    await exporter.createBatches()
    expect(await workWith({ maxSkewMs: 15_000 }, new AbortController().signal)).toMatchObject({
      batches: 1,
    })
  })
})

describe('a lease', () => {
  const lease: exportBatches.Lease = {
    batch: { id: 1 } as exportBatches.StoredBatch,
    token: crypto.randomUUID(),
    overtaken: 0,
  }

  test('is renewed while the work lasts', async () => {
    await exporter.addConfig({ signatureInfoIds })
    await exporter.createBatches()
    const { db } = exporter
    const now = exporter.deps.now
    const terms = { ttlMs: 3, overtakeAfterMs: 0, restMs: () => 0 }
    const held = await exportBatches.lease(db, { ...terms, now: now() })
    if (!held) throw new Error('nothing to lease')
    exporter.advance(60_000)
    const expires = async () => (await exportBatches.find(db, held.batch.id))?.leaseExpires
    const { signal } = new AbortController()
    const renewed = await holdLease({ db, now, ttlMs: 3 }, held, signal, async () => {
      for (;;) {
        const until = await expires()
        if (until && until > now()) return until
      }
    })
    expect(renewed).toEqual(new Date(now().getTime() + 3))
  })

  test('that turns out to be another’s ends the work', async () => {
    const { promise: forever } = Promise.withResolvers<never>()
    const work = (signal: AbortSignal) =>
      Promise.race([
        forever,
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      ])
    const holding = { db: exporter.db, now: exporter.deps.now, ttlMs: 3 }
    const { signal } = new AbortController()
    await expect(holdLease(holding, lease, signal, work)).rejects.toMatchObject({
      code: 'export_lease_lost',
    })
  })
})

describe('eight workers at once', () => {
  test('export every window once, and their indexes say so', async () => {
    const roots = ['a', 'b', 'c']
    for (const filenameRoot of roots) await exporter.addConfig({ filenameRoot, signatureInfoIds })
    await exporter.createBatches()
    exporter.at('2020-10-05T17:00')
    await exporter.createBatches()
    for (let i = 0; i < 60; i++)
      await exporter.publish({ key: aKey(i), createdAt: day5(`1${i % 6}:00`) })

    const databases = Array.from({ length: 8 }, () =>
      openDatabase({ ...exporter.db.config, poolMax: 2 }),
    )
    const { signal } = new AbortController()
    const runs = await Promise.all(databases.map((db) => workWith({ db }, signal)))
    // Where one was busy with the only window of a config that could be next, the others have left.
    const rest = await exporter.doWork()

    expect([...runs, rest].reduce((sum, { batches }) => sum + batches, 0)).toBe(18)
    for (const root of roots) {
      const keys = (await exporter.download(root)).flatMap((archive) => archive.keys)
      const numbers = keys.map(({ key }) => Buffer.from(key).readUInt32BE())
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i))
    }
    await Promise.all(databases.map((db) => db.close()))
  })
})

describe('within one process', () => {
  const { signal } = new AbortController()

  test('runs take turns, also after one that failed', async () => {
    const oneByOne = inTurn()
    const log: string[] = []
    const run = (name: string) =>
      oneByOne(signal, async () => {
        log.push(`${name} begins`)
        await exporter.db.ping()
        log.push(`${name} ends`)
        if (name === 'a') throw new Error('a failed')
      })
    const outcomes = await Promise.allSettled([run('a'), run('b')])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  })

  test('a run that is told to end while it waits never begins, and lets the next one have its turn', async () => {
    const oneByOne = inTurn()
    const { promise: first, resolve } = Promise.withResolvers<void>()
    const running = oneByOne(signal, () => first)
    const controller = new AbortController()
    const waiting = oneByOne(controller.signal, async () => 'ran')
    const next = oneByOne(signal, async () => 'ran')
    controller.abort(new Error('hung up'))
    await expect(waiting).rejects.toThrow('hung up')
    resolve()
    await running
    expect(await next).toBe('ran')
  })
})
