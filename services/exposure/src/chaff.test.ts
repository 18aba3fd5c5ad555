import { readFileSync } from 'node:fs'
import { sql } from '@ens/database'
import type { App } from '@ens/server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chaffReply } from './chaff.ts'
import { type ReplyProfile, replyProfile } from './reply-profile.ts'
import {
  publishBody,
  publishTo,
  sentKey,
  type TestServer,
  testServer,
} from './testing/test-server.ts'

interface SizeCase {
  name: string
  description: string
  averageBodyBytes: number
  wanted: { responseBodyBytes: number }
}

const { chaffCases }: { chaffCases: SizeCase[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-sizes.json', import.meta.url), 'utf8'),
)

let server: TestServer
let lost: App
beforeAll(async () => {
  server = await testServer()
  lost = await server.another({ variables: { DB_PORT: '1', DB_CONNECT_TIMEOUT: '1' } })
  await server.db.execute(sql`create extension pg_stat_statements`)
})
afterAll(() => server.close())
beforeEach(() => server.db.execute(sql`truncate exposure, publish_event`))

const CHAFF = { 'x-chaff': '1' }

describe('a reply to chaff', () => {
  test('has the status, the headers and the length of one to a publish', async () => {
    const real = await server.publish(publishBody([sentKey(0)]))
    const chaff = await server.publish(publishBody([sentKey(1)]), CHAFF)
    expect([chaff.status, Object.keys(chaff.headers).sort()]).toEqual([
      real.status,
      Object.keys(real.headers).sort(),
    ])
    const { 'content-length': _, date: __, ...headers } = real.headers
    expect(chaff.headers).toMatchObject(headers)
    // Padding makes both differ by up to 1364 characters.
    const withoutPadding = JSON.stringify({ ...real.body, padding: '' }).length
    const length = Number(chaff.headers['content-length'])
    expect(length).toBeGreaterThanOrEqual(withoutPadding + 1368 - 10)
    expect(length).toBeLessThanOrEqual(withoutPadding + 2732 + 10)
    expect(Object.keys(chaff.body)).toEqual(['padding'])
  })

  test('comes without a look at the database, and leaves no trace there or in the log', async () => {
    await server.publish(publishBody([sentKey(0)]))
    const [statements, lines] = [await calls(), server.lines.length]
    for (let i = 0; i < 20; i++) await server.publish(publishBody([sentKey(i)]), CHAFF)
    expect([await calls(), server.lines.length]).toEqual([statements, lines])
    expect(await server.db.query(sql`select from publish_event`)).toHaveLength(1)
  })

  test('needs no body that makes sense', async () => {
    expect(await publishTo(server.app, 'nonsense', CHAFF)).toMatchObject({ status: 200 })
  })

  test('is 503 while publishes are, like one in every header', async () => {
    const real = await publishTo(lost, publishBody([sentKey(0)]))
    const chaff = await publishTo(lost, publishBody([sentKey(0)]), CHAFF)
    expect([real.status, chaff.status]).toEqual([503, 503])
    expect(Object.keys(chaff.headers)).toEqual(Object.keys(real.headers))
    expect(chaff.headers).toMatchObject({ 'retry-after': real.headers['retry-after'] })
  })

  test('is 413 for a body that would be too long for a publish', async () => {
    const reply = await publishTo(server.app, 'x'.repeat(300_000), CHAFF)
    expect(reply).toMatchObject({ status: 413, body: { code: 'bad_request' } })
  })
})

test('a blank header is no chaff', async () => {
  const reply = await server.publish(publishBody([sentKey(0)]), { 'x-chaff': ' ' })
  expect(reply.body.insertedExposures).toBe(1)
})

describe('of a hundred known publishes one is imitated', () => {
  let profile: ReplyProfile
  let clock: number
  beforeEach(() => {
    profile = replyProfile()
    clock = 1000
    for (let i = 0; i < 100; i++) profile.accepted({ latencyMs: 20 + i, bodyBytes: 2000 + i })
  })

  /** A clock that a look moves by a tenth of a millisecond: nobody waits for real. */
  const reply = (pick: number, maxLatencyMs = 1000) =>
    chaffReply(
      {
        profile,
        maxLatencyMs,
        random: { integer: (limit) => Math.min(pick, limit - 1), bytes: Buffer.alloc },
        now: () => server.clock.at,
        monotonic: () => {
          clock += 7
          return clock
        },
        typicalBody: () => Buffer.alloc(0),
      },
      1000,
    )

  test.each([0, 42, 99])('in length and time: number %d', async (pick) => {
    const { body, error } = await reply(pick)
    expect([body.length, error]).toEqual([2000 + pick, undefined])
    expect(clock - 1000).toBeGreaterThanOrEqual(20 + pick)
  })

  test.each(chaffCases)('$name: $description', async ({ averageBodyBytes, wanted }) => {
    for (let i = 0; i < 100; i++) profile.accepted({ latencyMs: 1, bodyBytes: averageBodyBytes })
    const { body } = await reply(0)
    expect(body).toHaveLength(wanted.responseBodyBytes)
    expect(Object.keys(JSON.parse(String(body)))).toEqual(['padding'])
  })

  test('but no longer than the limit', async () => {
    await reply(99, 30)
    expect(clock - 1000).toBeLessThan(60)
    await reply(99, 0)
    expect(clock - 1000).toBeGreaterThanOrEqual(119)
  })
})

async function calls(): Promise<number> {
  const [row] = await server.db.query<{ calls: number }>(sql`
    select coalesce(sum(calls), 0)::integer as calls from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())
      and query not like '%configuration_version%' and query not like '%pg_stat_statements%'`)
  return row?.calls ?? 0
}
