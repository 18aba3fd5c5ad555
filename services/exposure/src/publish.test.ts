import { exposures, sql } from '@ens/database'
import { keyToBase64, type ReportType, type SentKey } from '@ens/domain'
import { aKey, OCTOBER_5_NOON } from '@ens/domain/testing'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { publishBody, sentKey, type TestServer, testServer } from './testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
  await server.db.execute(sql`create extension pg_stat_statements`)
})
afterAll(() => server.close())
beforeEach(async () => {
  server.clock.at = OCTOBER_5_NOON
  await server.db.execute(sql`truncate exposure, publish_event`)
})

const stored = (...numbers: number[]) =>
  server.db.transaction((tx) => exposures.lockStored(tx, numbers.map(aKey)))

const counted = () =>
  server.db.query<{ key_count: number; platform: number }>(
    sql`select key_count, platform, oldest_key_days, onset_age_days, missing_onset from publish_event`,
  )

const fourteen = Array.from({ length: 14 }, (_, i) => sentKey(i))

describe('a first publish', () => {
  test('stores each key with what the certificate says of it, and is counted', async () => {
    const keys = [sentKey(0), sentKey(1, { transmissionRisk: 8 })]
    const body = publishBody(keys, {
      reportType: 'likely',
      symptomOnsetInterval: 2_669_616 - 2 * 144,
      body: { traveler: true },
    })
    const reply = await server.publish(body, { 'user-agent': 'bluetoothd (unknown) CFNetwork/1' })
    expect(reply).toMatchObject({ status: 200, body: { insertedExposures: 2 } })
    const common = {
      appPackageName: 'com.example.app',
      regions: ['US'],
      traveler: true,
      intervalCount: 144,
      createdAt: server.clock.at,
      localProvenance: true,
      reportType: 'likely',
      healthAuthorityId: server.healthAuthorityId,
      revision: undefined,
    }
    expect(await stored(0, 1)).toEqual([
      {
        ...common,
        key: aKey(0),
        intervalNumber: 2_669_616,
        transmissionRisk: 4,
        daysSinceSymptomOnset: 2,
      },
      {
        ...common,
        key: aKey(1),
        intervalNumber: 2_669_472,
        transmissionRisk: 8,
        daysSinceSymptomOnset: 1,
      },
    ])
    expect(await counted()).toEqual([
      { key_count: 2, platform: 2, oldest_key_days: 2, onset_age_days: 3, missing_onset: false },
    ])
  })

  test('keeps a key that is still valid from exports until its end', async () => {
    const today = sentKey(0, { rollingStartNumber: 2_669_760 })
    await server.publish(publishBody([today]))
    expect(await stored(0)).toMatchObject([{ createdAt: new Date('2020-10-06T01:00:00Z') }])
  })

  test('stores the good keys and names the others', async () => {
    const keys = [sentKey(0), sentKey(1, { rollingPeriod: 0 }), sentKey(2, { key: 'AAAA' })]
    const { status, body } = await server.publish(publishBody(keys))
    expect(status).toBe(200)
    expect(body).toMatchObject({ insertedExposures: 1, code: 'partial_failure' })
    expect(body.error).toMatch(/^2 errors occurred:\n\t\* key 1 cannot be imported: /)
  })

  test('succeeds with warnings only, when every key is too far from the onset', async () => {
    const options = { symptomOnsetInterval: 2_669_616 - 20 * 144 }
    const { status, body } = await server.publish(publishBody([sentKey(0)], options))
    expect([status, Object.keys(body).sort()]).toEqual([200, ['padding', 'warnings']])
    expect(await counted()).toEqual([])
  })

  test('tells of warnings also when it is refused', async () => {
    await server.publish(publishBody([sentKey(0)]))
    server.clock.at = new Date('2020-10-05T13:00:00Z')
    const far = sentKey(3, { rollingStartNumber: 2_669_616 - 14 * 144 })
    const options = { symptomOnsetInterval: 2_669_760, issuedAt: server.clock.at }
    const { status, body } = await server.publish(publishBody([sentKey(0), far], options))
    expect([status, body.code]).toEqual([400, 'missing_revision_token'])
    expect(body.warnings).toHaveLength(1)
  })

  test('costs one round trip, statistics included', async () => {
    await server.publish(publishBody([sentKey(20)]))
    const before = await statements()
    await server.publish(publishBody(fourteen))
    expect((await statements()) - before).toBe(1)
  })

  test('of new negative keys stores none, and counts it', async () => {
    const { status, body } = await server.publish(
      publishBody([sentKey(0)], { reportType: 'negative' }),
    )
    expect([status, body.insertedExposures]).toEqual([200, undefined])
    expect(body.revisionToken).toEqual(expect.any(String))
    expect([await stored(0), await counted()]).toMatchObject([[], [{ key_count: 0 }]])
  })
})

describe('copies of one publish', () => {
  test('a hundred at once are all told yes; the keys are stored once and counted once', async () => {
    const body = publishBody(fourteen)
    const replies = await Promise.all(Array.from({ length: 100 }, () => server.publish(body)))
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    const inserted = replies.map(({ body }) => body.insertedExposures ?? 0)
    expect(inserted.filter((count) => count > 0)).toEqual([14])
    expect(replies.every(({ body }) => body.revisionToken)).toBe(true)
    expect(await counted()).toMatchObject([{ key_count: 14 }])
  })

  test('sent again in the same window: yes, with a token that revises', async () => {
    await server.publish(publishBody(fourteen, { reportType: 'likely' }))
    const again = await server.publish(publishBody(fourteen, { reportType: 'likely' }))
    expect(again).toMatchObject({ status: 200, body: { revisionToken: expect.any(String) } })
    expect(again.body.insertedExposures).toBeUndefined()
    const { revisionToken } = again.body
    const revised = await server.publish(publishBody(fourteen, { body: { revisionToken } }))
    expect(revised.status).toBe(200)
    expect((await stored(3))[0]?.revision).toMatchObject({ reportType: 'confirmed' })
  })

  test('a part of it sent again is a copy too', async () => {
    await server.publish(publishBody(fourteen))
    expect(await server.publish(publishBody(fourteen.slice(3)))).toMatchObject({ status: 200 })
    expect(await counted()).toHaveLength(1)
  })

  test.each<[string, Change]>([
    ['an hour later, when the keys may be public', { at: new Date('2020-10-05T13:00:00Z') }],
    ['with another report type', { reportType: 'likely' }],
    ['with another interval', { rollingPeriod: 143 }],
    ['with one key more', { more: [sentKey(50)] }],
  ])('is no copy %s: the token is asked for', async (_, change) => {
    const { at = OCTOBER_5_NOON, reportType = 'confirmed', rollingPeriod = 144, more = [] } = change
    await server.publish(publishBody([sentKey(0), sentKey(1)]))
    server.clock.at = at
    const changed = [sentKey(0, { rollingPeriod }), sentKey(1, { rollingPeriod }), ...more]
    const body = publishBody(changed, { issuedAt: at, reportType })
    expect(await server.publish(body)).toMatchObject({
      status: 400,
      body: { code: 'missing_revision_token' },
    })
  })
})

interface Change {
  at?: Date
  reportType?: ReportType
  rollingPeriod?: number
  more?: SentKey[]
}

test('whatever is published at once, every accepted key is stored exactly once and counted once', async () => {
  const publishes = fc.array(fc.uniqueArray(fc.nat(25), { minLength: 1, maxLength: 8 }), {
    minLength: 1,
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(publishes, async (lists) => {
      await server.db.execute(sql`truncate exposure, publish_event`)
      const replies = await Promise.all(
        lists.map((list) => server.publish(publishBody(list.map((number) => sentKey(number))))),
      )
      const accepted = lists.filter((_, i) => replies[i]?.status === 200)
      const keys = [...new Set(accepted.flat())].sort((a, b) => a - b)
      const inserted = replies.map(({ body }) => body.insertedExposures ?? 0)
      const events = await counted()
      expect((await stored(...keys)).map(({ key }) => keyToBase64(key))).toEqual(
        keys.map((number) => keyToBase64(aKey(number))),
      )
      expect(sum(inserted)).toBe(keys.length)
      expect(sum(events.map(({ key_count }) => key_count))).toBe(keys.length)
      for (const { status, body } of replies)
        expect([200, 'missing_revision_token']).toContain(status === 200 ? 200 : body.code)
    }),
    { numRuns: runs(25) },
  )
})

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

/** How many statements this database has run, apart from the background's looks at the configuration. */
async function statements(): Promise<number> {
  const [row] = await server.db.query<{ calls: number }>(sql`
    select coalesce(sum(calls), 0)::integer as calls from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())
      and query not like '%configuration_version%' and query not like '%pg_stat_statements%'`)
  return row?.calls ?? 0
}
