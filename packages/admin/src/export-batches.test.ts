import { exportBatches, exportConfigs, exportFiles, exportIndexes, sql } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { anExportConfig } from '@ens/domain/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { regenerateExports } from './export-batches.ts'

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
const WHOLE_DAY = { from: hour(0), before: hour(24) }

/** A window that was exported, as one archive that is named after its hour. */
async function exported(start: Date, end: Date, of = configId): Promise<void> {
  const config = { ...anExportConfig(), id: of }
  await db.transaction((tx) => exportBatches.insert(tx, config, [{ start, end, keysFrom: start }]))
  const options = { now: hour(30), ttlMs: 1000, overtakeAfterMs: 0, restMs: () => 0 }
  const lease = await exportBatches.lease(db, options)
  if (!lease) throw new Error('nothing to lease')
  await db.transaction(async (tx) => {
    await exportFiles.record(tx, lease, {
      ...{ filename: `us/${start.getUTCHours()}.zip`, batchNum: 1, batchSize: 1 },
      ...{ digest: Buffer.alloc(32), sizeBytes: 1, keyCount: 1, revisedKeyCount: 0 },
    })
    await exportBatches.markSettled(tx, lease.batch.id, hour(30))
    await exportFiles.complete(tx, lease.batch.id, 1)
    await exportIndexes.touch(tx, index)
    await exportBatches.complete(tx, lease, hour(30))
  })
}

const index = { configId: 0, bucketName: 'exports', objectName: 'us/index.txt' }
beforeEach(() => {
  index.configId = configId
})

const state = async () => ({
  batches: (
    await db.query<{ status: string; regenerations: number }>(
      sql`select status, regenerations from export_batch order by end_timestamp`,
    )
  ).map(({ status, regenerations }) => `${status} ${regenerations}`),
  files: await db.query<{ filename: string; status: string }>(
    sql`select filename, status from export_file order by filename`,
  ),
  index: (await exportIndexes.read(db, index, hour(0)))?.filenames,
})

test('windows of a range are opened again, and their archives leave the index', async () => {
  for (const start of [7, 8, 9]) await exported(hour(start), hour(start + 1))
  const range = { from: hour(8), before: hour(9), isDryRun: false }

  expect(await regenerateExports({ db }, { configId, ...range })).toEqual({
    windows: 1,
    replaced: ['us/8.zip'],
    left: [],
    notSeenBy: expect.stringContaining('later archive'),
  })

  expect(await state()).toEqual({
    batches: ['COMPLETE 0', 'OPEN 1', 'COMPLETE 0'],
    files: [
      { filename: 'us/7.zip', status: 'COMPLETE' },
      { filename: 'us/8.zip', status: 'DEL_PEND' },
      { filename: 'us/9.zip', status: 'COMPLETE' },
    ],
    index: ['us/7.zip', 'us/9.zip'],
  })
})

test('a dry run says the same and changes nothing', async () => {
  await exported(hour(8), hour(9))
  const before = await state()
  const outcome = await regenerateExports({ db }, { configId, ...WHOLE_DAY, isDryRun: true })
  expect(outcome).toMatchObject({ windows: 1, replaced: ['us/8.zip'] })
  expect(await state()).toEqual(before)
})

test('what cannot be exported again is left, and said why', async () => {
  await exported(hour(8), new Date(hour(8).getTime() + 1000))
  const config = { ...anExportConfig(), id: configId }
  const unfinished = { start: hour(9), end: hour(10), keysFrom: hour(9) }
  await db.transaction((tx) => exportBatches.insert(tx, config, [unfinished]))
  const outcome = await regenerateExports({ db }, { configId, ...WHOLE_DAY, isDryRun: false })
  expect(outcome).toMatchObject({
    windows: 0,
    left: [
      { start: hour(8), reason: 'there is no new name left for it' },
      { start: hour(9), reason: 'it is not exported yet' },
    ],
  })
  expect((await state()).index).toEqual(['us/8.zip'])
})

test.each([
  ['an unknown config', { configId: 999, ...WHOLE_DAY }, 'configuration_not_found'],
  ['an empty range', { from: hour(9), before: hour(9) }, 'invalid_input'],
])('%s is refused', async (_, input, code) => {
  const asked = regenerateExports({ db }, { configId, isDryRun: false, ...WHOLE_DAY, ...input })
  await expect(asked).rejects.toMatchObject({ code })
})
