import { type Database, databaseUnavailable, sql, withLock } from '@ens/database'
import { aKey } from '@ens/domain/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BUCKET, type TestExporter, testExporter } from './testing/exporter.ts'
import { hookedBlobstore, hookedDatabase } from './testing/faults.ts'
import { workBatches } from './work-batches.ts'

const INDEX = 'us/index.txt'
const DAY_MS = 86_400_000

let exporter: TestExporter
let configId: number
beforeEach(async () => {
  exporter = await testExporter()
  configId = await exporter.addConfig({ signatureInfoIds: [await exporter.addSigner()] })
  await exporter.publish({ key: aKey(1), createdAt: new Date('2020-10-05T10:00:00Z') })
  await run()
})
afterEach(() => exporter.close())

const run = async () => {
  await exporter.createBatches()
  return exporter.doWork()
}
const { signal } = new AbortController()
const options = { contentType: 'text/plain', cacheable: false, signal }
const bodyOf = (name: string) =>
  Buffer.from(exporter.blobstore.find(BUCKET, name)?.contents ?? []).toString()
const fileStatuses = async () =>
  (await exporter.db.query<{ status: string }>(sql`select status from export_file`)).map(
    ({ status }) => status,
  )
const NAME = 'us/1601892000-1601895600-00001.zip'

describe('an index', () => {
  test.each([
    ['is lost', () => exporter.blobstore.delete(BUCKET, INDEX, { signal })],
    ['is damaged', () => exporter.blobstore.put(BUCKET, INDEX, Buffer.from('x'), options)],
  ])('that %s is mended within the hour', async (_, harm) => {
    await harm()
    await exporter.doWork()
    expect(bodyOf(INDEX)).not.toBe(NAME)
    exporter.advance(3_600_000)
    await exporter.doWork()
    expect(bodyOf(INDEX)).toBe(NAME)
  })

  test('is not written while it says what it should', async () => {
    const untouched = hookedBlobstore(exporter.deps.blobstore, (step) => {
      if (step === 'before put') throw new Error('written')
    })
    exporter.advance(3_600_000)
    const deps = { ...exporter.deps, blobstore: untouched }
    expect(await workBatches(deps, signal)).toMatchObject({ batches: 0 })
  })

  test('whose lock went to another writer meanwhile is not noted as written', async () => {
    await exporter.db.execute(sql`update export_index set version = version + 1`)
    await exporter.blobstore.put(BUCKET, INDEX, Buffer.from('x'), options)
    const overtaken = hookedBlobstore(exporter.deps.blobstore, async (step) => {
      if (step === 'after put')
        await exporter.db.execute(sql`update lock set token = gen_random_uuid()`)
    })
    await workBatches({ ...exporter.deps, blobstore: overtaken }, signal)
    const due = sql`select from export_index where version > written_version`
    expect(await exporter.db.query(due)).toHaveLength(1)
  })

  test('whose lock another writer holds is left to that one', async () => {
    await exporter.db.execute(sql`update export_index set version = version + 1`)
    await exporter.blobstore.put(BUCKET, INDEX, Buffer.from('x'), options)
    const lock = { name: `export-config-${configId}`, ttlMs: 60_000, now: exporter.deps.now }
    await withLock(exporter.db, lock, () => exporter.doWork())
    expect(bodyOf(INDEX)).toBe('x')
    await exporter.doWork()
    expect(bodyOf(INDEX)).toBe(NAME)
  })

  test('that changes while it is written is read again', async () => {
    await exporter.db.execute(sql`update export_index set version = version + 1`)
    await exporter.blobstore.put(BUCKET, INDEX, Buffer.from('x'), options)
    let times = 0
    const contended = hookedBlobstore(exporter.deps.blobstore, async (step) => {
      if (step === 'before put' && times++ === 0)
        await exporter.blobstore.put(BUCKET, INDEX, Buffer.from('y'), options)
    })
    await workBatches({ ...exporter.deps, blobstore: contended }, signal)
    expect([bodyOf(INDEX), times]).toEqual([NAME, 2])
  })

  test('that cannot be written fails the run, not the batch, and comes with the next', async () => {
    exporter.at('2020-10-05T13:00')
    await exporter.publish({ key: aKey(2), createdAt: new Date('2020-10-05T11:00:00Z') })
    await exporter.createBatches()
    const broken = hookedBlobstore(exporter.deps.blobstore, (step) => {
      if (step === 'before put') throw new Error('no put')
    })
    await expect(workBatches({ ...exporter.deps, blobstore: broken }, signal)).rejects.toThrow()
    expect(await fileStatuses()).toEqual(['COMPLETE', 'COMPLETE'])
    expect(bodyOf(INDEX)).toBe(NAME)
    await exporter.doWork()
    expect(bodyOf(INDEX)).toBe(`${NAME}\nus/1601895600-1601899200-00001.zip`)
  })
})

describe('a config that was moved', () => {
  test('lists its former files too, under the new name and, for those who still read it, under the old', async () => {
    await exporter.db.execute(sql`update export_config set filename_root = 'new'`)
    await exporter.publish({ key: aKey(2), createdAt: new Date('2020-10-05T11:00:00Z') })
    exporter.at('2020-10-05T13:00')
    await run()
    const both = `new/1601895600-1601899200-00001.zip\n${NAME}`
    expect([bodyOf('new/index.txt'), bodyOf(INDEX)]).toEqual([both, both])
  })

  test('to another bucket lists only what is in that bucket', async () => {
    await exporter.db.execute(sql`update export_config set bucket_name = 'other'`)
    await exporter.publish({ key: aKey(2), createdAt: new Date('2020-10-05T11:00:00Z') })
    exporter.at('2020-10-05T13:00')
    await run()
    const other = exporter.blobstore.find('other', INDEX)
    expect(Buffer.from(other?.contents ?? []).toString()).toBe('us/1601895600-1601899200-00001.zip')
    expect(bodyOf(INDEX)).toBe(NAME)
  })
})

describe('an archive that grows old', () => {
  test('leaves the index a period before it is marked, though its config has ended', async () => {
    await exporter.db.execute(sql`update export_config set thru_timestamp = '2020-10-05T11:00:00Z'`)
    exporter.at('2020-10-19T09:59')
    await run()
    expect([bodyOf(INDEX), await fileStatuses()]).toEqual([NAME, ['COMPLETE']])
    exporter.at('2020-10-19T10:00')
    await run()
    expect([bodyOf(INDEX), await fileStatuses()]).toEqual(['', ['COMPLETE']])
    exporter.at('2020-10-19T11:00')
    await run()
    expect(await fileStatuses()).toEqual(['COMPLETE'])
    exporter.advance(3_600_000)
    await run()
    expect(await fileStatuses()).toEqual(['DEL_PEND'])
  })

  test('is not marked before the index without it is written', async () => {
    exporter.advance(30 * DAY_MS)
    const broken = hookedBlobstore(exporter.deps.blobstore, (step) => {
      if (step === 'before put') throw new Error('no put')
    })
    await expect(workBatches({ ...exporter.deps, blobstore: broken }, signal)).rejects.toThrow()
    expect(await fileStatuses()).toEqual(['COMPLETE'])
    await exporter.doWork()
    expect([bodyOf(INDEX), await fileStatuses()]).toEqual(['', ['DEL_PEND']])
  })
})

describe('the index of a run of many windows', () => {
  const linesOf = (name: string) => bodyOf(name).split('\n').filter(Boolean).length

  /** Exports an archive for each hour; says how many lines the index has after each time that it is written. */
  const exportHours = async (hours: number[], { hook = () => {}, ...instead }: Faults = {}) => {
    for (const [i, hour] of hours.entries())
      await exporter.publish({ key: aKey(i + 2), createdAt: new Date(Date.UTC(2020, 9, 5, hour)) })
    exporter.at('2020-10-06T01:00')
    await exporter.createBatches()
    const lines: number[] = []
    const blobstore = hookedBlobstore(exporter.deps.blobstore, (step) => {
      if (step === 'after put') lines.push(linesOf(INDEX))
      hook(step)
    })
    const deps = { ...exporter.deps, ...instead, blobstore }
    const failure = await workBatches(deps, instead.signal ?? signal).then(
      () => undefined,
      (error: unknown) => error,
    )
    return { lines, failure }
  }

  test('is written with the first of them and at the end', async () => {
    expect(await exportHours([13, 14, 15, 16])).toEqual({ lines: [2, 5], failure: undefined })
  })

  test('is written once a second meanwhile, and when the clock jumps back', async () => {
    const archives = counted('after create', (count) => {
      if (count === 2) exporter.advance(1000)
      if (count === 3) exporter.advance(-3_600_000)
    })
    const { lines } = await exportHours([13, 14, 15, 16], { hook: archives })
    expect(lines).toEqual([2, 3, 4, 5])
  })

  test('lists what was finished when the run is told to end', async () => {
    const deadline = new AbortController()
    const hook = counted('before create', (count) => count === 4 && deadline.abort())
    const run = await exportHours([13, 14, 15, 16], { hook, signal: deadline.signal })
    expect(run).toEqual({ lines: [2, 4], failure: expect.any(AggregateError) })
  })

  test.each(['before put', 'before get'])(
    'lists what was finished when the run is told to end %s of the index',
    async (step) => {
      const deadline = new AbortController()
      // The archive is read back before.
      const hook = counted(
        step,
        (count) => count === (step === 'before put' ? 1 : 2) && deadline.abort(),
      )
      const run = await exportHours([13], { hook, signal: deadline.signal })
      expect([linesOf(INDEX), run.failure]).toEqual([2, expect.any(AggregateError)])
    },
  )

  test('lists what was finished when the database refuses to say what is next', async () => {
    let isThirdThere = false
    const hook = counted('after create', (count) => {
      isThirdThere ||= count === 3
    })
    // Of what comes after the third archive, the first completes its batch, and the second asks for the next.
    const next = counted('before transaction', (count) => {
      if (count === 2) throw databaseUnavailable()
    })
    const db = hookedDatabase(exporter.deps.db, (step) => {
      if (isThirdThere) next(step)
    })
    const run = await exportHours([13, 14, 15, 16], { hook, db })
    expect(run).toEqual({ lines: [2, 4], failure: expect.any(AggregateError) })
  })

  test('is written after a batch of another config, too', async () => {
    const signatureInfoIds = [await exporter.addSigner()]
    await exporter.addConfig({ filenameRoot: 'other', signatureInfoIds })
    await exporter.createBatches()
    // Three archives and the new index came before; since then a line of the other index has waited.
    const hook = counted('before create', (count) => {
      if (count === 5) exporter.advance(1000)
    })
    // Ours, then the other and ours, and the other at the end.
    const { lines } = await exportHours([13, 14], { hook })
    expect([lines, linesOf('other/index.txt')]).toEqual([[2, 2, 3, 3], 3])
  })
})

interface Faults {
  hook?: (step: string) => void
  db?: Database
  signal?: AbortSignal
}

/** A hook that is told how often that step has come. */
function counted(step: string, work: (count: number) => unknown): (step: string) => void {
  let count = 0
  return (current) => {
    if (current === step) work(++count)
  }
}
