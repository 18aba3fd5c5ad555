import { readFileSync } from 'node:fs'
import { anExportConfig } from '@ens/domain/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exportBatches, exportCleanUp, exportConfigs, exportIndexes, sql } from './index.ts'
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

const june = (day: number) => new Date(Date.UTC(2020, 5, day))
const CUTOFF = june(10)

interface BatchOptions {
  start?: Date
  status?: string
  config?: number
}

/** A batch of the day before `end`, with a file of each status, called by the window's last day. */
async function addBatch(end: Date, files: readonly string[], options: BatchOptions = {}) {
  const { start = new Date(end.getTime() - 86_400_000), status = 'COMPLETE' } = options
  const config = { ...anExportConfig(), id: options.config ?? configId }
  await db.transaction((tx) => exportBatches.insert(tx, config, [{ start, end, keysFrom: start }]))
  const isPending = status === 'PENDING'
  const [batch] = await db.query<{ id: number }>(sql`
    update export_batch
    set status = ${status}::export_batch_status, settled_at = ${end},
      lease_token = ${isPending ? crypto.randomUUID() : null}, lease_expires = ${isPending ? end : null}
    where config_id = ${config.id} and end_timestamp = ${end}
    returning id`)
  for (const [number, file] of files.entries())
    await db.execute(sql`
      insert into export_file (bucket_name, filename, batch_id, batch_num, batch_size, status,
        digest, size_bytes, key_count, revised_key_count)
      values ('exports', ${nameOf(end, number)}, ${batch?.id}, ${number + 1}, ${files.length},
        ${file}::export_file_status, ${Buffer.alloc(32)}, 1, 1, 0)`)
}

const nameOf = (end: Date, number = 0) => `us/${end.getTime() / 1000}-${number}.zip`

const fileStatuses = async () =>
  (
    await db.query<{ status: string }>(
      sql`select status from export_file order by filename, bucket_name`,
    )
  ).map(({ status }) => status)

const batches = async () =>
  Object.fromEntries(
    (
      await db.query<{ end_timestamp: Date; status: string }>(
        sql`select end_timestamp, status from export_batch order by end_timestamp`,
      )
    ).map((row) => [row.end_timestamp.getUTCDate(), row.status]),
  )

const doomed = async (limit = 100, after?: exportCleanUp.DoomedFile) =>
  exportCleanUp.listDoomed(db, { cutoff: CUTOFF, after, limit })

interface Lifecycle {
  cutoff: string
  rows: {
    name: string
    batch: { start_timestamp: string; end_timestamp: string; status: string }
    file_status: string
    want: {
      file_status_after_index_write: string
      deleted_by_cleanup_export: boolean
      file_status_after_cleanup: string
    }
  }[]
}

const lifecycle: Lifecycle = JSON.parse(
  readFileSync(new URL('../testdata/export-lifecycle.json', import.meta.url), 'utf8'),
)

describe('the end of a file', () => {
  test.each(lifecycle.rows)('$name', async ({ batch, want }) => {
    const [start, end] = [new Date(batch.start_timestamp), new Date(batch.end_timestamp)]
    await addBatch(end, [want.file_status_after_index_write], { start, status: batch.status })
    const cutoff = new Date(lifecycle.cutoff)
    const files = await exportCleanUp.listDoomed(db, { cutoff, limit: 10 })
    for (const file of files) await exportCleanUp.recordDeleted(db, file)
    expect(files).toHaveLength(want.deleted_by_cleanup_export ? 1 : 0)
    expect(await fileStatuses()).toEqual([want.file_status_after_cleanup])
  })
})

describe('doomed files', () => {
  test('come page by page, the oldest windows first', async () => {
    for (const day of [3, 1, 2]) await addBatch(june(day), ['DEL_PEND', 'DEL_PEND'])
    const names: string[] = []
    for (let page = await doomed(2); page.length > 0; page = await doomed(2, page.at(-1)))
      names.push(...page.map(({ filename }) => filename))
    expect(names).toEqual([1, 2, 3].flatMap((day) => [nameOf(june(day), 0), nameOf(june(day), 1)]))
  })

  test('stay while an index may list them that was written when their window was young', async () => {
    await addBatch(june(2), ['DEL_PEND'])
    await db.transaction((tx) =>
      exportIndexes.touch(tx, { bucketName: 'exports', objectName: 'us/index.txt', configId }),
    )
    expect(await doomed()).toEqual([])
    const written = (cutoff: Date) =>
      db.execute(
        sql`update export_index set written_version = 1, written_at = ${CUTOFF}, written_cutoff = ${cutoff}`,
      )
    await written(new Date(june(1).getTime() - 1))
    expect(await doomed()).toEqual([])
    await written(june(1))
    expect(await doomed()).toHaveLength(1)
  })

  test('of a file that was restored meanwhile nothing is noted', async () => {
    await addBatch(june(1), ['COMPLETE'])
    const file = { bucketName: 'exports', filename: nameOf(june(1)), end: june(1) }
    await exportCleanUp.recordDeleted(db, file)
    expect(await fileStatuses()).toEqual(['COMPLETE'])
  })
})

describe('files that no index could list', () => {
  const place = { bucketName: 'exports', objectName: 'us/index.txt' }
  const touch = (config: number, objectName = place.objectName) =>
    db.transaction((tx) => exportIndexes.touch(tx, { ...place, objectName, configId: config }))
  const written = () =>
    db.execute(sql`
    update export_index set written_version = version, written_at = ${CUTOFF}, written_cutoff = ${CUTOFF}`)

  test('are marked once the index that replaced theirs is written', async () => {
    await addBatch(june(9), ['COMPLETE'])
    await addBatch(CUTOFF, ['COMPLETE'])
    await touch(configId)
    await written()
    expect(await exportCleanUp.markOrphaned(db, CUTOFF)).toBe(0)
    const heir = await exportConfigs.insert(db, anExportConfig({ filenameRoot: 'heir' }))
    await touch(heir)
    expect(await exportCleanUp.markOrphaned(db, CUTOFF)).toBe(0)
    await written()
    expect(await exportCleanUp.markOrphaned(db, CUTOFF)).toBe(1)
    expect(await fileStatuses()).toEqual(['DEL_PEND', 'COMPLETE'])
  })

  test('are those of a config without another index in the bucket', async () => {
    await addBatch(june(9), ['COMPLETE'])
    const heir = await exportConfigs.insert(db, anExportConfig({ filenameRoot: 'heir' }))
    await touch(heir)
    await touch(configId, 'moved/index.txt')
    await written()
    expect(await exportCleanUp.markOrphaned(db, CUTOFF)).toBe(0)
  })
})

test('what is still listed although its time is over can be counted', async () => {
  await addBatch(june(8), ['COMPLETE', 'DEL_PEND'])
  await addBatch(june(9), ['COMPLETE'], { status: 'OPEN' })
  await addBatch(CUTOFF, ['COMPLETE'])
  expect(await exportCleanUp.countListed(db, CUTOFF)).toBe(1)
})

test('a batch ends when all its files are gone, or if it had none', async () => {
  await addBatch(june(5), ['DELETED', 'DELETED'])
  await addBatch(june(6), ['DELETED', 'DEL_PEND'])
  await addBatch(june(7), [])
  await addBatch(june(8), [], { status: 'OPEN' })
  await addBatch(june(9), ['DELETED'], { status: 'PENDING' })
  await addBatch(CUTOFF, ['DELETED'])
  expect(await exportCleanUp.endBatches(db, CUTOFF, 1)).toBe(1)
  expect(await exportCleanUp.endBatches(db, CUTOFF, 10)).toBe(1)
  expect(await exportCleanUp.endBatches(db, CUTOFF, 10)).toBe(0)
  expect(await batches()).toEqual({
    ...{ 5: 'DELETED', 6: 'COMPLETE', 7: 'DELETED', 8: 'OPEN', 9: 'PENDING', 10: 'COMPLETE' },
  })
})

describe('history', () => {
  test('files that are deleted are forgotten, batch by batch', async () => {
    await addBatch(june(8), ['DELETED', 'DEL_PEND'])
    await addBatch(june(9), ['DELETED', 'DELETED'])
    await addBatch(CUTOFF, ['DELETED'])
    expect(await exportCleanUp.forgetFiles(db, CUTOFF, 2)).toBe(2)
    expect(await exportCleanUp.forgetFiles(db, CUTOFF, 2)).toBe(1)
    expect(await fileStatuses()).toEqual(['DEL_PEND', 'DELETED'])
  })

  test('of each config the last window stays: the next one begins where it ended', async () => {
    const other = await exportConfigs.insert(db, anExportConfig({ filenameRoot: 'other' }))
    await addBatch(june(4), [], { status: 'DELETED', config: other })
    for (const day of [5, 6, 7]) await addBatch(june(day), [], { status: 'DELETED' })
    expect(await exportCleanUp.forgetBatches(db, CUTOFF, 1)).toBe(1)
    expect(await exportCleanUp.forgetBatches(db, CUTOFF, 10)).toBe(1)
    expect(await batches()).toEqual({ 4: 'DELETED', 7: 'DELETED' })
    expect(await exportBatches.latestEnd(db, configId)).toEqual(june(7))
  })

  test('a batch stays while it has files, has not ended, or is younger', async () => {
    await addBatch(june(7), ['DELETED'], { status: 'DELETED' })
    await addBatch(june(8), [], { status: 'COMPLETE' })
    await addBatch(CUTOFF, [], { status: 'DELETED' })
    await addBatch(june(11), [], { status: 'OPEN' })
    expect(await exportCleanUp.forgetBatches(db, CUTOFF, 10)).toBe(0)
  })
})
