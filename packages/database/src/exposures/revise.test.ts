import { aKey, anExposure, OCTOBER_5_NOON } from '@ens/domain/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { exposures, sql } from '../index.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())
beforeEach(() => db.execute(sql`truncate exposure, publish_event`))

const nothing = { inserts: [], revisions: [], statistics: undefined }
const read = (...numbers: number[]) =>
  db.transaction((tx) => exposures.lockStored(tx, numbers.map(aKey)))

const revision = (number: number) => ({
  key: aKey(number),
  reportType: 'confirmed' as const,
  revisedAt: OCTOBER_5_NOON,
  daysSinceSymptomOnset: -2,
  transmissionRisk: 5,
  healthAuthorityId: undefined,
})

test('a transaction inserts, revises and counts in one statement; a second revision does nothing', async () => {
  const likely = anExposure({ key: aKey(1), reportType: 'likely', healthAuthorityId: 3 })
  const added = anExposure({ key: aKey(2) })
  const statistics = {
    healthAuthorityId: 7,
    hour: OCTOBER_5_NOON,
    platform: 2,
    oldestKeyDays: undefined,
    onsetAgeDays: undefined,
    isRevision: true,
    isOnsetMissing: false,
  }
  const write = (changes: Partial<exposures.Changes>) =>
    db.transaction((tx) => exposures.write(tx, { ...nothing, ...changes }))

  expect(await write({ inserts: [likely] })).toEqual({ inserted: 1, revised: 0 })
  expect(await write({ inserts: [added, likely], revisions: [revision(1)], statistics })).toEqual({
    inserted: 1,
    revised: 1,
  })
  expect(await write({ revisions: [revision(1), revision(9)] })).toEqual({
    inserted: 0,
    revised: 0,
  })

  const { key: _, healthAuthorityId, ...written } = revision(1)
  expect(await read(1, 2)).toEqual([{ ...likely, healthAuthorityId, revision: written }, added])
  expect(
    await db.query(sql`select key_count, revision, oldest_key_days from publish_event`),
  ).toEqual([{ key_count: 2, revision: true, oldest_key_days: null }])
})

test('two that revise one key take turns: the second sees what the first did', async () => {
  await db.transaction((tx) =>
    exposures.write(tx, { ...nothing, inserts: [anExposure({ reportType: 'likely' })] }),
  )
  const attempt = () =>
    db.transaction(async (tx) => {
      const [stored] = await exposures.lockStored(tx, [aKey(1)])
      const { revised } = await exposures.write(tx, { ...nothing, revisions: [revision(1)] })
      return { sawRevision: stored?.revision !== undefined, revised }
    })
  const outcomes = await Promise.all([attempt(), attempt(), attempt()])
  expect(outcomes.map(({ sawRevision, revised }) => `${sawRevision} ${revised}`).sort()).toEqual([
    'false 1',
    'true 0',
    'true 0',
  ])
})
