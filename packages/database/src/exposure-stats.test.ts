import { aKey, anExposure, OCTOBER_5_NOON } from '@ens/domain/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { exposureStats, exposures, sql } from './index.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())
beforeEach(() => db.execute(sql`truncate exposure, publish_event, publish_hour`))

const ONE = new Date('2020-10-05T13:00:00Z')
const TWO = new Date('2020-10-05T14:00:00Z')

let keys = 0
async function publish(changes: Partial<exposures.PublishStatistics> = {}): Promise<void> {
  await exposures.insertAll(db, {
    exposures: [anExposure({ key: aKey(keys++) })],
    admission: { arrivedAt: OCTOBER_5_NOON, maxSkewMs: undefined, maxWaitMs: 1000 },
    statistics: {
      healthAuthorityId: 7,
      hour: OCTOBER_5_NOON,
      platform: 0,
      oldestKeyDays: 0,
      onsetAgeDays: 0,
      isRevision: false,
      isOnsetMissing: false,
      ...changes,
    },
  })
}

const buckets = (length: number, counts: Record<number, number>) =>
  Array.from({ length }, (_, at) => counts[at] ?? 0)

/** The hours as if they were in one table. */
async function sums() {
  const total = { publishes: 0, keyCount: 0, revisions: 0, missingOnset: 0 }
  for (const hour of await exposureStats.listHours(db, 7, TWO)) {
    total.publishes += hour.publishes.reduce((sum, count) => sum + count, 0)
    total.keyCount += hour.keyCount
    total.revisions += hour.revisions
    total.missingOnset += hour.missingOnset
  }
  return total
}

test('the publishes of an hour are summed, each in its buckets', async () => {
  await publish({ platform: 2, oldestKeyDays: 15, onsetAgeDays: 29 })
  await publish({ platform: 2, oldestKeyDays: 3, onsetAgeDays: undefined, isOnsetMissing: true })
  await publish({
    platform: 1,
    oldestKeyDays: undefined,
    onsetAgeDays: undefined,
    isRevision: true,
  })
  await publish({ healthAuthorityId: 8 })
  await publish({ hour: ONE })
  expect(await exposureStats.listHours(db, 7, ONE)).toEqual([
    {
      hour: OCTOBER_5_NOON,
      publishes: [0, 1, 2],
      keyCount: 3,
      revisions: 1,
      oldestKeyDays: buckets(16, { 3: 1, 15: 1 }),
      onsetAgeDays: buckets(30, { 29: 1 }),
      missingOnset: 1,
    },
  ])
})

test('folding leaves the sums as they are, however often and late', async () => {
  for (let i = 0; i < 3; i++) {
    await publish({ oldestKeyDays: i, isOnsetMissing: i === 1 })
    await publish({ hour: ONE, isRevision: true })
    const before = await sums()
    expect(await exposureStats.fold(db, ONE)).toBe(1)
    expect(await sums()).toEqual(before)
  }
  expect(await db.query(sql`select from publish_event`)).toHaveLength(3)
  const [hour] = await exposureStats.listHours(db, 7, ONE)
  expect(hour).toMatchObject({
    publishes: [3, 0, 0],
    oldestKeyDays: buckets(16, { 0: 1, 1: 1, 2: 1 }),
  })
})

test('of two that fold at once each event is counted by one', async () => {
  for (let i = 0; i < 20; i++) await publish()
  const counts = await Promise.all([exposureStats.fold(db, ONE), exposureStats.fold(db, ONE)])
  expect(counts[0] + counts[1]).toBe(20)
  expect(await sums()).toMatchObject({ publishes: 20, keyCount: 20 })
})

test('old hours are deleted', async () => {
  await publish()
  await publish({ hour: ONE })
  await exposureStats.fold(db, TWO)
  expect(await exposureStats.deleteBefore(db, ONE)).toBe(1)
  expect(await sums()).toMatchObject({ publishes: 1 })
})

test('events that were never folded are deleted by their hour, a few at a time', async () => {
  for (const hour of [OCTOBER_5_NOON, OCTOBER_5_NOON, OCTOBER_5_NOON, ONE]) await publish({ hour })
  expect(await exposureStats.deleteEventsBefore(db, OCTOBER_5_NOON, 2)).toBe(0)
  expect(await exposureStats.deleteEventsBefore(db, ONE, 2)).toBe(2)
  expect(await exposureStats.deleteEventsBefore(db, ONE, 2)).toBe(1)
  expect(await sums()).toMatchObject({ publishes: 1 })
})
