import { readFileSync } from 'node:fs'
import {
  fromColumns,
  type KeyColumns,
  REPORT_TYPES,
  type ReleasedKey,
  type ReportType,
} from '@ens/domain'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exposures, sql } from '../index.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'

interface Vectors {
  exposures: {
    id: string
    exposure_key: string
    regions: string[] | null
    created_at: string
    traveler: boolean
    local_provenance: boolean
    revised_at: string | null
  }[]
  cases: {
    name: string
    input_regions: string[]
    exclude_regions: string[]
    include_travelers: boolean
    only_non_travelers: boolean
    window: [string, string]
    intended: Ids
    wanted?: Ids
    why?: string
  }[]
}

interface Ids {
  keys: string[]
  revised_keys: string[]
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../testdata/export-selection.json', import.meta.url), 'utf8'),
)

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())
beforeEach(() => db.execute(sql`truncate exposure`))

describe('which keys a window holds', () => {
  beforeEach(async () => {
    for (const row of vectors.exposures) {
      await db.execute(sql`
        insert into exposure (exposure_key, regions, created_at, traveler, local_provenance, revised_at,
          revised_report_type, revised_transmission_risk, transmission_risk, interval_number,
          interval_count, app_package_name)
        values (${Buffer.from(row.exposure_key, 'base64')}, ${row.regions ?? []}, ${row.created_at},
          ${row.traveler}, ${row.local_provenance}, ${row.revised_at},
          ${row.revised_at && 'confirmed'}::report_type, ${row.revised_at && 2}::smallint, 4,
          2669616, 144, 'app')`)
    }
  })

  test.each(vectors.cases)('$name', async (given) => {
    const [keysFrom, end] = given.window.map((at) => new Date(at)) as [Date, Date]
    const selected = await select({
      keysFrom,
      end,
      inputRegions: given.input_regions,
      excludeRegions: given.exclude_regions,
      includeTravelers: given.include_travelers,
      onlyNonTravelers: given.only_non_travelers,
    })
    expect({
      keys: idsOf(selected.keys),
      revised_keys: idsOf(selected.revisedKeys),
    }).toEqual(given.wanted ?? given.intended)
    expect(selected.counted).toEqual({
      keys: selected.keys.length,
      revisedKeys: selected.revisedKeys.length,
    })
  })
})

describe('in which state, in the window from 8 to 12', () => {
  const released = (reportType: ReportType | undefined, risk: number, days?: number) => ({
    keys: [expect.objectContaining(state(reportType, risk, days))],
    revisedKeys: [],
  })
  const revised = (reportType: ReportType, risk: number, days?: number) => ({
    keys: [],
    revisedKeys: [expect.objectContaining(state(reportType, risk, days))],
  })
  const nothing = { keys: [], revisedKeys: [] }

  test.each([
    ['created, never revised', '08', undefined, released('likely', 4, 3)],
    ['created and revised within', '08', ['confirmed', '11'], released('confirmed', 2)],
    ['created and revoked within', '08', ['negative', '11'], nothing],
    ['created within, revised later', '08', ['confirmed', '12'], released('likely', 4, 3)],
    ['created within, revoked later', '08', ['negative', '12'], released('likely', 4, 3)],
    ['embargoed till then, revised before', '08', ['confirmed', '04'], released('confirmed', 2)],
    ['embargoed till then, revoked before', '08', ['negative', '04'], nothing],
    ['created before, revised within', '07', ['confirmed', '08'], revised('confirmed', 2)],
    ['created before, revoked within', '07', ['negative', '08'], revised('negative', 6)],
    ['created before, revised later', '07', ['confirmed', '12'], nothing],
    ['embargoed still, revised within', '12', ['confirmed', '08'], nothing],
  ] as const)('%s', async (_, createdAt, revision, wanted) => {
    const revisedAt = revision && hour(revision[1])
    const risk = revision && (revision[0] === 'negative' ? 6 : 2)
    await db.execute(sql`
      insert into exposure (exposure_key, created_at, report_type, days_since_symptom_onset,
        transmission_risk, revised_at, revised_report_type, revised_transmission_risk,
        regions, traveler, local_provenance, interval_number, interval_count, app_package_name)
      values (${Buffer.alloc(16, 1)}, ${hour(createdAt)}, 'likely', 3, 4, ${revisedAt},
        ${revision?.[0]}::report_type, ${risk}::smallint, '{US}', false, true, 2669616, 144, 'app')`)
    const { keys, revisedKeys } = await select(window('08', '12'))
    expect({ keys, revisedKeys }).toEqual(wanted)
  })
})

test('regions are taken as they are spelt, whatever is in them', async () => {
  const odd = ["o'k", 'a\\b', '"q"', '{x,y}', "'; drop table exposure; --"]
  for (const [i, region] of odd.entries())
    await db.execute(sql`
      insert into exposure (exposure_key, created_at, transmission_risk, regions, traveler,
        local_provenance, interval_number, interval_count, app_package_name)
      values (${Buffer.alloc(16, i)}, ${hour('08')}, 4, ${[region]}::text[], false, true, 2669616, 144, 'app')`)
  const own = { ...window('08', '12'), inputRegions: odd.slice(0, 4), excludeRegions: odd.slice(3) }
  const { keys } = await select(own)
  expect(keys.map(({ key }) => key[0])).toEqual([0, 1, 2])
})

test('the order is a function of the set: equal metadata together, by key within it', async () => {
  const numbered = (...bytes: number[]) => bytes.map((byte) => Buffer.alloc(16, byte))
  await insertAll(numbered(200, 3, 90, 7), 'likely')
  await insertAll(numbered(2, 250, 100), 'confirmed')
  const { keys } = await select(window('08', '12'))
  expect(keys.map(({ key }) => key[0])).toEqual([2, 100, 250, 3, 7, 90, 200])
})

test('whatever the keys, the order is that of type, onset, risk, count, number and key', async () => {
  const stored = fc.record({
    key: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    transmissionRisk: fc.integer({ min: 0, max: 8 }),
    // Beyond 32 days and 255 onsets the order is another one, but still that of the set.
    intervalNumber: fc.integer({ min: 2_668_032, max: 2_668_032 + 4607 }),
    intervalCount: fc.integer({ min: 1, max: 144 }),
    reportType: fc.constantFrom(undefined, ...REPORT_TYPES),
    daysSinceSymptomOnset: fc.integer({ min: -14, max: 14 }),
  })
  const rank = (given: ReleasedKey) =>
    [
      given.reportType ? REPORT_TYPES.indexOf(given.reportType) + 1 : 0,
      (given.daysSinceSymptomOnset ?? 0) + 100,
      given.transmissionRisk,
      given.intervalCount,
      given.intervalNumber,
      ...given.key,
    ].map((number) => String(number).padStart(7, '0'))
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(stored, { selector: ({ key }) => key.join(), maxLength: 60 }),
      async (keys) => {
        await db.execute(sql`truncate exposure`)
        for (const { key, ...rest } of keys)
          await insertAll([Buffer.from(key)], rest.reportType, rest)
        const selected = await select(window('08', '12'))
        const ranks = selected.keys.map((key) => rank(key).join())
        expect(ranks).toEqual(keys.map((key) => rank(key).join()).sort())
      },
    ),
    { numRuns: runs(20) },
  )
})

async function insertAll(
  keys: Buffer[],
  reportType: ReportType | undefined,
  given: Partial<ReleasedKey> = {},
): Promise<void> {
  const { transmissionRisk = 2, intervalNumber = 2_669_616, intervalCount = 144 } = given
  await db.execute(sql`
    insert into exposure (exposure_key, created_at, report_type, transmission_risk, regions, traveler,
      local_provenance, interval_number, interval_count, app_package_name, days_since_symptom_onset)
    select key, ${hour('08')}, ${reportType ?? null}::report_type, ${transmissionRisk}, '{US}', false, true,
      ${intervalNumber}, ${intervalCount}, 'app', ${given.daysSinceSymptomOnset ?? null}
    from unnest(${keys}::bytea[]) as key`)
}

async function select(selection: exposures.Selection) {
  const counted = await exposures.countSelected(db, selection)
  return db.transaction(async (tx) => ({
    counted,
    keys: await gathered(exposures.streamKeys(tx, selection)),
    revisedKeys: await gathered(exposures.streamRevisedKeys(tx, selection)),
  }))
}

async function gathered(pages: AsyncIterable<KeyColumns>): Promise<ReleasedKey[]> {
  const all: ReleasedKey[] = []
  for await (const page of pages) all.push(...fromColumns(page))
  return all
}

function idsOf(keys: ReleasedKey[]): string[] {
  const idOf = new Map(vectors.exposures.map((row) => [row.exposure_key, row.id]))
  return keys.map(({ key }) => idOf.get(Buffer.from(key).toString('base64')) ?? '').sort()
}

function state(reportType: ReportType | undefined, transmissionRisk: number, days?: number) {
  return { reportType, transmissionRisk, daysSinceSymptomOnset: days }
}

function window(from: string, to: string): exposures.Selection {
  return {
    keysFrom: hour(from),
    end: hour(to),
    inputRegions: ['US'],
    excludeRegions: [],
    includeTravelers: false,
    onlyNonTravelers: false,
  }
}

function hour(of: string): Date {
  return new Date(`2020-10-05T${of}:00:00Z`)
}
