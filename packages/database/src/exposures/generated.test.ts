import { aKey, anExposure, OCTOBER_5_NOON } from '@ens/domain/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { exposures, sql } from '../index.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())
beforeEach(() => db.execute(sql`truncate exposure`))

const end = new Date(OCTOBER_5_NOON.getTime() + 3_600_000)
const selection = {
  keysFrom: OCTOBER_5_NOON,
  end,
  inputRegions: ['US'],
  excludeRegions: [],
  includeTravelers: false,
  onlyNonTravelers: false,
}

const store = (...inserts: ReturnType<typeof anExposure>[]) =>
  db.transaction((tx) => exposures.write(tx, { inserts, revisions: [], statistics: undefined }))

const generate = (...generated: exposures.GeneratedExposure[]) =>
  db.transaction((tx) => exposures.insertGenerated(tx, selection, generated))

test('a generated key shares everything that phones see with its model, in its state at the end of the window', async () => {
  await store(
    anExposure({ key: aKey(1), reportType: 'likely', regions: ['US', 'CA'], traveler: true }),
  )
  await db.transaction((tx) =>
    exposures.write(tx, {
      inserts: [],
      revisions: [
        {
          key: aKey(1),
          reportType: 'confirmed',
          revisedAt: OCTOBER_5_NOON,
          daysSinceSymptomOnset: undefined,
          transmissionRisk: 5,
          healthAuthorityId: 3,
        },
      ],
      statistics: undefined,
    }),
  )
  const createdAt = new Date(OCTOBER_5_NOON.getTime() + 1000)

  expect(await generate({ key: aKey(2), model: aKey(1), createdAt })).toBe(1)

  expect(
    await db.query(sql`
      select regions, traveler, local_provenance, report_type, transmission_risk,
        days_since_symptom_onset, interval_number, interval_count, created_at, revised_at,
        health_authority_id, app_package_name
      from exposure where exposure_key = ${aKey(2)}`),
  ).toEqual([
    {
      regions: ['US', 'CA'],
      traveler: true,
      local_provenance: true,
      report_type: 'confirmed',
      transmission_risk: 5,
      days_since_symptom_onset: null,
      interval_number: anExposure().intervalNumber,
      interval_count: anExposure().intervalCount,
      created_at: createdAt,
      revised_at: null,
      health_authority_id: null,
      app_package_name: exposures.GENERATED,
    },
  ])
})

test('a key that is there already is not touched, and not counted', async () => {
  await store(anExposure({ key: aKey(1) }), anExposure({ key: aKey(2) }))
  const generated = { key: aKey(2), model: aKey(1), createdAt: OCTOBER_5_NOON }
  expect(await generate(generated)).toBe(0)
})

test('what a window releases is known, and whether it was generated, up to a limit', async () => {
  await store(
    anExposure({ key: aKey(2) }),
    anExposure({ key: aKey(1) }),
    anExposure({ key: aKey(3), createdAt: end }),
  )
  await generate({ key: aKey(4), model: aKey(1), createdAt: OCTOBER_5_NOON })
  const present = await exposures.listPresent(db, selection, 10)
  expect(present.sort((a, b) => Buffer.compare(a.key, b.key))).toEqual([
    { key: aKey(1), createdAt: OCTOBER_5_NOON, isGenerated: false },
    { key: aKey(2), createdAt: OCTOBER_5_NOON, isGenerated: false },
    { key: aKey(4), createdAt: OCTOBER_5_NOON, isGenerated: true },
  ])
  expect(await exposures.listPresent(db, selection, 2)).toHaveLength(2)
  expect(await exposures.countPresent(db, selection, 10)).toBe(3)
  expect(await exposures.countPresent(db, selection, 2)).toBe(2)
})
