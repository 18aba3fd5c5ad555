import { aKey, anExposure, OCTOBER_5_NOON } from '@ens/domain/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exposures, sql } from '../index.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'

let db: TestDatabase
let other: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
  other = await testDatabase()
})
afterAll(() => Promise.all([db.close(), other.close()]))

const HALF_A_SECOND_LATER = new Date(OCTOBER_5_NOON.getTime() + 500)
const arrivedAt = new Date(OCTOBER_5_NOON.getTime() + 250)
const admission = { arrivedAt, maxSkewMs: undefined, maxWaitMs: 1000 }

test('a publish is in flight for every window that ends after its arrival, until it is committed', async () => {
  await db.transaction(async (tx) => {
    await exposures.admit(tx, admission)
    expect(await exposures.publishesInFlight(db, OCTOBER_5_NOON)).toBe(false)
    expect(await exposures.publishesInFlight(db, HALF_A_SECOND_LATER)).toBe(true)
    expect(await exposures.publishesInFlight(other, HALF_A_SECOND_LATER)).toBe(false)
  })
  expect(await exposures.publishesInFlight(db, HALF_A_SECOND_LATER)).toBe(false)
})

test('a publish in one statement is in flight while it waits', async () => {
  const exposure = anExposure({ key: aKey(2) })
  const waiting = await db.transaction(async (tx) => {
    await exposures.write(tx, { inserts: [exposure], revisions: [], statistics: undefined })
    const publish = exposures.insertAll(db, {
      exposures: [exposure],
      admission: { ...admission, maxWaitMs: 10_000 },
      statistics: undefined,
    })
    await expect
      .poll(() => exposures.publishesInFlight(db, HALF_A_SECOND_LATER), { interval: 5 })
      .toBe(true)
    return { publish }
  })
  expect(await waiting.publish).toBe(false)
  expect(await exposures.publishesInFlight(db, HALF_A_SECOND_LATER)).toBe(false)
})

test('where clocks are compared, nothing is settled before the database’s clock is past the skew', async () => {
  const [clock] = await db.query<{ at: Date }>(
    sql`select to_timestamp(extract(epoch from pg_postmaster_start_time())) as at`,
  )
  const longAgo = clock?.at ?? OCTOBER_5_NOON
  expect(await exposures.publishesInFlight(db, longAgo, 24 * 3_600_000)).toBe(true)
  expect(await exposures.publishesInFlight(db, new Date(0), 15_000)).toBe(false)
  expect(await exposures.publishesInFlight(db, new Date('2087-01-01T00:00:00Z'), 15_000)).toBe(true)
})
