import { readFileSync } from 'node:fs'
import { exposureStats, healthAuthorities, sql } from '@ens/database'
import { OCTOBER_5_NOON } from '@ens/domain/testing'
import type { App } from '@ens/server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  publishBody,
  sentKey,
  statsToken,
  type TestServer,
  testServer,
} from './testing/test-server.ts'

interface BodyCase {
  name: string
  description: string
  contentType: string
  body: string
  expect: { httpStatus: number; body: { code: string; padding: string } }
}

const { statsBodyCases }: { statsBodyCases: BodyCase[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-http.json', import.meta.url), 'utf8'),
)

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  server.clock.at = OCTOBER_5_NOON
  await server.db.execute(sql`truncate exposure, publish_event, publish_hour`)
})

const ONE_O_CLOCK = new Date('2020-10-05T13:00:00Z')

interface Request {
  app?: App
  token?: string
  contentType?: string
  body?: string
}

async function readStats(request: Request = {}) {
  const { app = server.app, token = statsToken(server.clock.at), body = '{}' } = request
  const reply = await app.inject({
    method: 'POST',
    url: '/v1/stats',
    headers: {
      'content-type': request.contentType ?? 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    payload: body,
  })
  return { status: reply.statusCode, headers: reply.headers, body: reply.json() }
}

async function publishTen(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const headers = { 'user-agent': i < 4 ? 'Android' : 'iPhone' }
    await server.publish(publishBody([sentKey(i)], { symptomOnsetInterval: 2_669_616 }), headers)
  }
}

test('an authority reads its days once their hours are over, before and after they are folded', async () => {
  await publishTen()
  expect((await readStats()).body.days).toBeUndefined()
  server.clock.at = ONE_O_CLOCK
  const before = await readStats()
  expect(before).toMatchObject({
    status: 200,
    body: {
      days: [
        {
          day: '2020-10-05T00:00:00Z',
          publish_requests: { unknown: 0, android: 4, ios: 6 },
          total_teks_published: 10,
          requests_with_revisions: 0,
          tek_age_distribution: [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
          requests_missing_onset_date: 0,
        },
      ],
    },
  })
  expect(before.headers['content-type']).toBe('application/json')
  expect(before.headers['x-api-version']).toBeUndefined()
  await exposureStats.fold(server.db, ONE_O_CLOCK)
  expect((await readStats()).body.days).toEqual(before.body.days)
})

test('a day with few publishes is withheld until two days after its end', async () => {
  await server.publish(publishBody([sentKey(0)]))
  server.clock.at = new Date('2020-10-08T00:00:00Z')
  expect((await readStats()).body.days).toBeUndefined()
  server.clock.at = new Date('2020-10-08T00:00:00.001Z')
  expect((await readStats()).body.days).toHaveLength(1)
})

describe('nobody else reads them', () => {
  test.each([
    ['without a token', () => ''],
    ['with nonsense', () => 'a.b.c'],
    ['with a token for another audience', () => statsToken(OCTOBER_5_NOON, { aud: 'phones' })],
    ['with a token of an unknown issuer', () => statsToken(OCTOBER_5_NOON, { iss: 'nobody' })],
    ['with an expired token', () => statsToken(new Date(OCTOBER_5_NOON.getTime() - 301_000))],
  ])('%s', async (_, token) => {
    const { status, body } = await readStats({ token: token() })
    expect([status, body.code, body.days]).toEqual([401, 'unauthorized', undefined])
    expect(body.padding.length).toBeGreaterThanOrEqual(2732)
  })

  test('an authority whose access was switched off', async () => {
    const settings = {
      issuer: 'closed.example',
      audience: 'a',
      name: 'Closed',
      enableStats: false,
    }
    await healthAuthorities.insert(server.db, settings)
    const later = await server.another()
    const token = statsToken(server.clock.at, { iss: 'closed.example' })
    expect(await readStats({ app: later, token })).toMatchObject({ status: 401 })
  })
})

test('chaff is answered here, too, as a publish is, and nothing is read for it', async () => {
  const reply = await server.app.inject({
    method: 'POST',
    url: '/v1/stats',
    headers: { 'x-chaff': '1' },
  })
  expect([reply.statusCode, Object.keys(reply.json())]).toEqual([200, ['padding']])
  expect(reply.headers['content-type']).toBe('application/json')
})

test.each(statsBodyCases)('$name: $description', async ({ contentType, body, ...given }) => {
  const reply = await readStats({ contentType, body })
  const { code, padding } = given.expect.body
  expect(reply).toMatchObject({ status: 400, body: { code, padding } })
})

test('a database that is out of reach is 503, whether for the authority or for its days', async () => {
  const lost = await server.another({ variables: { DB_PORT: '1', DB_CONNECT_TIMEOUT: '1' } })
  expect(await readStats({ app: lost })).toMatchObject({
    status: 503,
    headers: { 'retry-after': expect.any(String) },
    body: { code: 'internal_error', error: 'error reading stats', padding: expect.any(String) },
  })
  await server.db.execute(sql`alter table publish_hour rename to gone`)
  expect(await readStats()).toMatchObject({ status: 503, body: { code: 'internal_error' } })
  await server.db.execute(sql`alter table gone rename to publish_hour`)
})
