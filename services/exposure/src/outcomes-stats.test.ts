import { healthAuthorities, sql } from '@ens/database'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStand, type Stand, type StartedService } from './testing/started-service.ts'
import { statsToken, type TestServer, testServer } from './testing/test-server.ts'
import { type Answer, type Call, documentedHeaders, post } from './testing/wire.ts'

/* The outcome table of the statistics API, a test for each row, over HTTP against the service as a process of its own. */

let fixture: TestServer
let stand: Stand
let service: StartedService
/** It has never seen its database. */
let lost: StartedService

beforeAll(async () => {
  fixture = await testServer()
  // Made by the fixture, with a key manager of its own.
  await fixture.db.execute(sql`delete from revision_key`)
  stand = await openStand(fixture.db)
  service = await stand.start()
  lost = await stand.start({ DB_PORT: '1', DB_CONNECT_TIMEOUT: '1' })
})
afterAll(async () => {
  await stand.stop()
  await fixture.close()
})

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const ago = (ms: number) => new Date(Date.now() - ms)

const bearer = (token = statsToken(new Date())) => ({ authorization: `Bearer ${token}` })
const read = (call: Call = {}, from = service) =>
  post(from, { path: '/v1/stats', headers: bearer(), ...call })
const readWith = (token: string) => read({ headers: bearer(token) })

test.each<[row: string, status: number, code: string | undefined, () => Promise<Answer>]>([
  [
    'another content type',
    400,
    'bad_request',
    () => read({ headers: { ...bearer(), 'content-type': 'text/plain' } }),
  ],
  ['a body that is no JSON', 400, 'bad_request', () => read({ body: '{' })],
  ['no body', 400, 'bad_request', () => read({ body: '' })],
  [
    'a body beyond the limit',
    400,
    'bad_request',
    () => read({ body: { padding: 'x'.repeat(64_000) } }),
  ],
  ['an unknown field', 400, 'bad_request', () => read({ body: { days: 1 } })],
  ['no token', 401, 'unauthorized', () => read({ headers: {} })],
  [
    'another scheme',
    401,
    'unauthorized',
    () => read({ headers: { authorization: `bearer ${statsToken(new Date())}` } }),
  ],
  [
    'a token for phones',
    401,
    'unauthorized',
    () => readWith(statsToken(new Date(), { aud: 'phones' })),
  ],
  [
    'a token of an unknown issuer',
    401,
    'unauthorized',
    () => readWith(statsToken(new Date(), { iss: 'nobody' })),
  ],
  [
    'a token whose time is over',
    401,
    'unauthorized',
    () => readWith(statsToken(ago(10 * MINUTE_MS))),
  ],
  [
    'a token from the future',
    401,
    'unauthorized',
    () => readWith(statsToken(ago(-10 * MINUTE_MS))),
  ],
  [
    'a signature that is not the authority’s',
    401,
    'unauthorized',
    () => readWith(statsToken(new Date()).replace(/.{8}$/, 'AAAAAAAA')),
  ],
  ['a database out of reach', 503, 'internal_error', () => read({}, lost)],
  ['success without days', 200, undefined, () => read()],
])('%s → %d %s', async (_, status, code, act) => {
  const answer = await act()
  const { headers, body } = answer
  expect([answer.status, body.code]).toEqual([status, code])
  expect(headers['content-type']).toBe('application/json')
  expect(headers).not.toHaveProperty('x-api-version')
  expect(Object.keys(headers)).toEqual(
    expect.arrayContaining(documentedHeaders('/v1/stats', answer) ?? ['documented']),
  )
  expect(headers['retry-after']).toEqual(
    status === 503 ? expect.stringMatching(/^\d+$/) : undefined,
  )
  if (status === 400) expect(body.padding).toBe('')
  else expect(body.padding?.length).toBeGreaterThanOrEqual(2732)
  expect(body).not.toHaveProperty('days')
})

test('an authority whose access is switched off → 401 within ten seconds', async () => {
  const settings = {
    issuer: 'gov.example',
    audience: 'exposure-notifications-service',
    name: 'Example Health',
  }
  const allow = (enableStats: boolean) =>
    healthAuthorities.update(fixture.db, fixture.healthAuthorityId, { ...settings, enableStats })
  const status = async () => (await read()).status
  await allow(false)
  await expect.poll(status, { interval: 100, timeout: 10_000 }).toBe(401)
  await allow(true)
  await expect.poll(status, { interval: 100, timeout: 10_000 }).toBe(200)
})

test('success with the days that are over → 200, their hours added up', async () => {
  const lastMidnight = new Date(Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS)
  const evening = new Date(lastMidnight.getTime() - 3 * HOUR_MS)
  await fixture.db.execute(sql`
    insert into publish_event (health_authority_id, hour, platform, revision, missing_onset, key_count)
    select ${fixture.healthAuthorityId}::integer, ${evening}::timestamptz + n % 2 * interval '1 hour', 1,
      false, true, 14
    from generate_series(1, 12) as n`)
  const { status, body } = await read()
  expect(status).toBe(200)
  expect(body.days).toMatchObject([
    {
      day: `${evening.toISOString().slice(0, 10)}T00:00:00Z`,
      publish_requests: { unknown: 0, android: 12, ios: 0 },
      total_teks_published: 168,
      requests_missing_onset_date: 12,
    },
  ])
})

test('in maintenance → 429', async () => {
  const closed = await stand.start({ MAINTENANCE_MODE: 'true' })
  const { status, text } = await read({}, closed)
  expect([status, text]).toEqual([429, '{"error": "please try again later"}'])
})
