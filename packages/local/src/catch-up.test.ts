import { exportBatches, exportConfigs } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import type { ExportConfig } from '@ens/domain'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { catchUp } from './catch-up.ts'

const NOON = new Date('2020-06-15T12:00:00Z')
const at = (text: string) => new Date(`2020-06-15T${text}Z`)

let db: TestDatabase
let config: ExportConfig

beforeEach(async () => {
  db = await testDatabase()
  const terms: Omit<ExportConfig, 'id'> = {
    bucketName: 'bucket',
    filenameRoot: 'demo',
    periodSeconds: 10,
    outputRegion: 'DEMO',
    inputRegions: [],
    excludeRegions: [],
    includeTravelers: false,
    onlyNonTravelers: false,
    from: at('00:00:00'),
    thru: undefined,
    signatureInfoIds: [],
  }
  config = { id: await exportConfigs.insert(db, terms), ...terms }
})
afterEach(() => db.close())

const lastWindow = (start: string, end: string) =>
  db.transaction((tx) =>
    exportBatches.insert(tx, config, [{ start: at(start), end: at(end), keysFrom: at(start) }]),
  )

async function leaseAll() {
  const leased: [Date, Date, Date][] = []
  const options = { now: NOON, ttlMs: 60_000, overtakeAfterMs: 0, restMs: () => 0 }
  for (let one = await exportBatches.lease(db, options); one; ) {
    const held = one
    leased.push([one.batch.start, one.batch.end, one.batch.keysFrom])
    await db.transaction((tx) => exportBatches.markSettled(tx, held.batch.id, NOON))
    await db.transaction((tx) => exportBatches.complete(tx, held, NOON))
    one = await exportBatches.lease(db, options)
  }
  return leased
}

test('a long pause is one window, which ends before those that may still receive keys', async () => {
  await lastWindow('08:59:50', '09:00:00')

  // From 09:00:00 to 11:59:30 there are 1 077 windows of ten seconds.
  expect(await catchUp(db, NOON)).toBe(1_077)
  expect(await leaseAll()).toEqual([
    [at('08:59:50'), at('09:00:00'), at('08:59:50')],
    [at('09:00:00'), at('11:59:30'), at('09:00:00')],
  ])
})

test('a short pause is left to the export service', async () => {
  await lastWindow('11:49:50', '11:50:00')

  expect(await catchUp(db, NOON)).toBe(0)
  expect(await leaseAll()).toHaveLength(1)
})

test('an export that never ran has nothing to catch up with', async () => {
  expect(await catchUp(db, NOON)).toBe(0)
  expect(await leaseAll()).toEqual([])
})
