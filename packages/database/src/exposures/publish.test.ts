import { type Exposure, REPORT_TYPES, settleDuplicates } from '@ens/domain'
import { aKey, anExposure, OCTOBER_5_NOON } from '@ens/domain/testing'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { exposures, sql } from '../index.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())
beforeEach(() => db.execute(sql`truncate exposure, publish_event`))

const admission = { arrivedAt: OCTOBER_5_NOON, maxSkewMs: undefined, maxWaitMs: 10_000 }
const statistics = {
  healthAuthorityId: 7,
  hour: OCTOBER_5_NOON,
  platform: 1,
  oldestKeyDays: 14,
  onsetAgeDays: 4,
  isRevision: false,
  isOnsetMissing: false,
}

const keys = (...numbers: number[]) =>
  settleDuplicates(numbers.map((n) => anExposure({ key: aKey(n) })))

const publish = (published: readonly Exposure[]) =>
  exposures.insertAll(db, { exposures: published, admission, statistics })

const stored = async () => {
  const rows = await db.query<{ exposure_key: Buffer }>(
    sql`select exposure_key from exposure order by exposure_key`,
  )
  return rows.map(({ exposure_key }) => exposure_key.readUInt32BE())
}

const counted = async () => {
  const rows = await db.query<{ key_count: number }>(sql`select key_count from publish_event`)
  return rows.map(({ key_count }) => key_count)
}

test('new keys are stored as they are given, and counted in the same statement', async () => {
  const exposure = anExposure({
    regions: ['US', 'CA'],
    traveler: true,
    healthAuthorityId: 7,
    reportType: 'user-report',
  })
  const plain = anExposure({
    key: aKey(2),
    regions: ['US', 'CA'],
    traveler: true,
    healthAuthorityId: 7,
    reportType: 'user-report',
    daysSinceSymptomOnset: undefined,
    createdAt: new Date('2020-10-06T01:00:00Z'),
    transmissionRisk: 8,
  })
  expect(await publish([exposure, plain])).toBe(true)
  const read = await db.transaction((tx) => exposures.lockStored(tx, [aKey(2), aKey(3), aKey(1)]))
  expect(read).toEqual([exposure, plain])
  expect(await db.query(sql`select * from publish_event`)).toEqual([
    {
      hour: OCTOBER_5_NOON,
      health_authority_id: 7,
      key_count: 2,
      platform: 1,
      oldest_key_days: 14,
      onset_age_days: 4,
      revision: false,
      missing_onset: false,
    },
  ])
})

test('a publish without an authority is stored and not counted', async () => {
  const anonymous = { exposures: keys(1), admission, statistics: undefined }
  expect(await exposures.insertAll(db, anonymous)).toBe(true)
  expect([await stored(), await counted()]).toEqual([[1], []])
})

test('with one key known, nothing of a publish is stored or counted', async () => {
  await publish(keys(2))
  expect(await publish(keys(1, 2, 3))).toBe(false)
  expect([await stored(), await counted()]).toEqual([[2], [1]])
})

test('of a hundred identical publishes at once one is stored, and counted once', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, () => publish(keys(1, 2, 3, 4, 5, 6, 7))),
  )
  expect(outcomes.filter(Boolean)).toHaveLength(1)
  expect([await stored(), await counted()]).toEqual([[1, 2, 3, 4, 5, 6, 7], [7]])
})

test('publishes that overlap like chains never deadlock', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, (_, i) => publish(keys(i, i + 1, i + 2, 200 - i, 201 - i))),
  )
  expect(outcomes).toContain(true)
  expect(new Set(await counted())).toEqual(new Set([5]))
})

test('a publish whose arrival is far from the database’s clock is refused, and may be tried again', async () => {
  const late = exposures.insertAll(db, {
    exposures: keys(1),
    admission: { ...admission, maxSkewMs: 15_000 },
    statistics,
  })
  await expect(late).rejects.toMatchObject({ kind: 'unavailable', code: 'publish_too_late' })
  expect([await stored(), await counted()]).toEqual([[], []])
})

test('a publish waits for another of the same keys no longer than it was told to', async () => {
  await db.transaction(async (tx) => {
    await exposures.write(tx, { inserts: keys(1), revisions: [], statistics: undefined })
    const impatient = { ...admission, maxWaitMs: 20 }
    await expect(
      exposures.insertAll(db, { exposures: keys(1), admission: impatient, statistics }),
    ).rejects.toMatchObject({ code: 'database_timeout' })
  })
  const [setting] = await db.query(sql`select current_setting('lock_timeout') as wait`)
  expect(setting).toEqual({ wait: '0' })
})

test('whatever a publish may hold comes back as it was stored', async () => {
  const days = fc.option(fc.integer({ min: -1000, max: 1000 }), { nil: undefined })
  const own = fc.record({
    key: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
    transmissionRisk: fc.integer({ min: 0, max: 8 }),
    intervalNumber: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    intervalCount: fc.integer({ min: 1, max: 144 }),
    createdAt: fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T00:00:00Z'),
      noInvalidDate: true,
    }),
    daysSinceSymptomOnset: days,
  })
  const shared = fc.record({
    appPackageName: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
    regions: fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))),
    traveler: fc.boolean(),
    reportType: fc.option(fc.constantFrom(...REPORT_TYPES), { nil: undefined }),
    healthAuthorityId: fc.option(fc.nat(2 ** 31 - 1), { nil: undefined }),
  })
  const published = fc.tuple(shared, fc.array(own, { minLength: 1, maxLength: 30 }))
  await fc.assert(
    fc.asyncProperty(published, async ([common, many]) => {
      await db.execute(sql`truncate exposure`)
      const given = settleDuplicates(many.map((one) => anExposure({ ...common, ...one })))
      expect(await publish(given)).toBe(true)
      const read = await db.transaction((tx) =>
        exposures.lockStored(
          tx,
          given.map(({ key }) => key),
        ),
      )
      expect(read).toEqual(given)
    }),
    { numRuns: runs(100) },
  )
})
