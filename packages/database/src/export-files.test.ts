import { readFileSync } from 'node:fs'
import { anExportConfig } from '@ens/domain/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exportBatches, exportConfigs, exportFiles, exportIndexes, sql } from './index.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let db: TestDatabase
let configId: number
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())
beforeEach(async () => {
  await db.execute(sql`truncate export_config cascade`)
  configId = await exportConfigs.insert(db, anExportConfig())
})

const hour = (of: number) => new Date(Date.UTC(2020, 9, 5, of))
const index = (objectName = 'us/index.txt') => ({ configId, bucketName: 'exports', objectName })
const file = (batchNum: number, overrides: Partial<exportFiles.ExportFile> = {}) => ({
  filename: `us/${batchNum}.zip`,
  batchNum,
  batchSize: 2,
  digest: Buffer.alloc(32, batchNum),
  sizeBytes: 100,
  keyCount: 3,
  revisedKeyCount: 0,
  ...overrides,
})

async function aLease(start = hour(8), end = hour(9)): Promise<exportBatches.Lease> {
  const config = { ...anExportConfig(), id: configId }
  await db.transaction((tx) => exportBatches.insert(tx, config, [{ start, end, keysFrom: start }]))
  const options = { now: hour(20), ttlMs: 300_000, overtakeAfterMs: 0, restMs: () => 0 }
  const lease = await exportBatches.lease(db, options)
  if (!lease) throw new Error('nothing to lease')
  return lease
}

const record = (lease: exportBatches.Lease, of: exportFiles.ExportFile) =>
  db.transaction((tx) => exportFiles.record(tx, lease, of))

const finish = (lease: exportBatches.Lease, count: number) =>
  db.transaction(async (tx) => {
    await exportBatches.markSettled(tx, lease.batch.id, hour(20))
    await exportFiles.complete(tx, lease.batch.id, count)
    await exportIndexes.touch(tx, index())
    return exportBatches.complete(tx, lease, hour(20))
  })

const statuses = async () =>
  Object.fromEntries(
    (
      await db.query<{ filename: string; status: string }>(
        sql`select filename, status from export_file order by filename`,
      )
    ).map(({ filename, status }) => [filename, status]),
  )

const written = (objectName: string, at: Date, cutoff: Date, version = 9) =>
  db.transaction((tx) =>
    exportIndexes.recordWritten(tx, index(objectName), { version, cutoff, at }),
  )

describe('recording', () => {
  test('what is about to be written is known to the next try', async () => {
    const lease = await aLease()
    expect(await exportFiles.findUnfinished(db, lease, 'us/1.zip')).toBeUndefined()
    expect(await record(lease, file(1))).toBe('recorded')
    expect(await exportFiles.findUnfinished(db, lease, 'us/1.zip')).toEqual(file(1))
  })

  test('another try replaces what it says', async () => {
    const lease = await aLease()
    await record(lease, file(1))
    const replaced = file(1, { digest: Buffer.alloc(32, 9), keyCount: 4, sizeBytes: 200 })
    expect(await record(lease, replaced)).toBe('recorded')
    expect(await exportFiles.findUnfinished(db, lease, 'us/1.zip')).toEqual(replaced)
  })

  test('under another name it leaves the former object to the clean-up', async () => {
    const lease = await aLease()
    await record(lease, file(1))
    await record(lease, file(1, { filename: 'us/new.zip' }))
    expect(await statuses()).toEqual({ 'us/1.zip': 'DEL_PEND', 'us/new.zip': 'WRITING' })
  })

  test('without the lease nothing is recorded', async () => {
    const lease = await aLease()
    expect(await record({ ...lease, token: crypto.randomUUID() }, file(1))).toBe('lost')
    expect(await statuses()).toEqual({})
  })

  test('a name that is published, or another batch’s, is never taken over', async () => {
    const first = await aLease()
    await record(first, file(1))
    await finish(first, 1)
    const second = await aLease(hour(9), hour(10))
    expect(await record(second, file(1, { digest: Buffer.alloc(32, 9) }))).toBe('taken')
    expect(await statuses()).toEqual({ 'us/1.zip': 'COMPLETE' })
  })
})

test('what an earlier try left beyond the last file is to be deleted', async () => {
  const lease = await aLease()
  await record(lease, file(1))
  await record(lease, file(2))
  expect(await finish(lease, 1)).toBe(true)
  expect(await statuses()).toEqual({ 'us/1.zip': 'COMPLETE', 'us/2.zip': 'DEL_PEND' })
})

describe('indexes', () => {
  const CUTOFF = hour(0)
  const due = async (cutoff: Date, checkedBefore = hour(20)) =>
    (await exportIndexes.listDue(db, { cutoff, checkedBefore })).map((index) => index.objectName)

  test('an index lists what is complete, and is due until it says so', async () => {
    const lease = await aLease()
    await record(lease, file(1))
    expect(await exportIndexes.isNew(db, index())).toBe(true)
    expect(await exportIndexes.read(db, index(), CUTOFF)).toBeUndefined()

    await finish(lease, 1)

    expect(await exportIndexes.isNew(db, index())).toBe(false)
    expect(await due(CUTOFF)).toEqual(['us/index.txt'])
    const state = await exportIndexes.read(db, index(), CUTOFF)
    expect(state?.filenames).toEqual(['us/1.zip'])
    expect(await written('us/index.txt', hour(21), CUTOFF, state?.version)).toBe(true)
    expect(await due(CUTOFF)).toEqual([])
    expect(await due(CUTOFF, hour(21))).toEqual(['us/index.txt'])
  })

  test('who wrote too little learns that more has changed', async () => {
    await finish(await aLease(), 0)
    await finish(await aLease(hour(9), hour(10)), 0)
    expect(await written('us/index.txt', hour(21), CUTOFF, 2)).toBe(false)
    expect(await due(CUTOFF)).toEqual(['us/index.txt'])
  })

  test('an index is due when a window has become too old, or young enough again', async () => {
    const lease = await aLease()
    await record(lease, file(1))
    await finish(lease, 1)
    await written('us/index.txt', hour(21), hour(7))
    expect(await due(hour(7))).toEqual([])
    expect(await due(hour(8))).toEqual(['us/index.txt'])
    await written('us/index.txt', hour(21), hour(8))
    expect(await due(hour(8))).toEqual([])
    expect(await due(hour(7))).toEqual(['us/index.txt'])
  })

  test('an index that another config took over is no longer read', async () => {
    await finish(await aLease(), 0)
    const other = await exportConfigs.insert(db, anExportConfig({ filenameRoot: 'other' }))
    await db.transaction((tx) => exportIndexes.touch(tx, { ...index(), configId: other }))
    expect(await exportIndexes.read(db, index(), CUTOFF)).toBeUndefined()
    expect(await exportIndexes.read(db, { ...index(), configId: other }, CUTOFF)).toBeDefined()
  })

  test('nothing is marked for deletion that any index may still list', async () => {
    const lease = await aLease()
    await record(lease, file(1))
    await finish(lease, 1)
    await db.transaction((tx) => exportIndexes.touch(tx, index('former/index.txt')))
    const mark = () => db.transaction((tx) => exportFiles.markExpired(tx, configId))
    await written('us/index.txt', hour(21), hour(10))
    expect(await mark()).toBe(0)
    await written('former/index.txt', hour(21), hour(9))
    expect(await mark()).toBe(0)
    await written('former/index.txt', hour(21), hour(10))
    expect(await mark()).toBe(1)
    expect(await statuses()).toEqual({ 'us/1.zip': 'DEL_PEND' })
  })
})

interface Lifecycle {
  now: string
  cutoff: string
  rows: {
    name: string
    batch: { start_timestamp: string; end_timestamp: string; status: string }
    file_status: string
    want: { file_status_after_index_write: string; listed_in_index: boolean }
  }[]
}

const lifecycle: Lifecycle = JSON.parse(
  readFileSync(new URL('../testdata/export-lifecycle.json', import.meta.url), 'utf8'),
)

describe('the life of a file', () => {
  test.each(lifecycle.rows)('$name', async ({ batch, file_status, want }) => {
    const [start, end] = [new Date(batch.start_timestamp), new Date(batch.end_timestamp)]
    const config = { ...anExportConfig(), id: configId }
    await db.transaction((tx) =>
      exportBatches.insert(tx, config, [{ start, end, keysFrom: start }]),
    )
    const pending = batch.status === 'PENDING'
    await db.execute(sql`
      update export_batch set status = ${batch.status}::export_batch_status, settled_at = ${end},
        lease_token = ${pending ? crypto.randomUUID() : null},
        lease_expires = ${pending ? end : null}`)
    await db.execute(sql`
      insert into export_file (bucket_name, filename, batch_id, batch_num, batch_size, status, digest,
        size_bytes, key_count, revised_key_count)
      select 'exports', 'us/1.zip', id, 1, 1, ${file_status}::export_file_status,
        ${Buffer.alloc(32)}, 1, 1, 0
      from export_batch`)
    await db.transaction((tx) => exportIndexes.touch(tx, index()))

    const cutoff = new Date(lifecycle.cutoff)
    const state = await exportIndexes.read(db, index(), cutoff)
    await written('us/index.txt', new Date(lifecycle.now), cutoff, state?.version)
    await db.transaction((tx) => exportFiles.markExpired(tx, configId))

    expect(state?.filenames).toEqual(want.listed_in_index ? ['us/1.zip'] : [])
    expect(await statuses()).toEqual({ 'us/1.zip': want.file_status_after_index_write })
  })
})
