import { readFileSync } from 'node:fs'
import { sql } from '@ens/database'
import type { SentKey } from '@ens/domain'
import { memoryKeyManager } from '@ens/keys/testing'
import type { App } from '@ens/server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  publishBody,
  publishTo,
  type Reply,
  sentKey,
  type TestServer,
  testServer,
} from './testing/test-server.ts'

interface Outcome {
  httpStatus: number
  code?: string | null
}

interface OutcomeCase extends Outcome {
  name: string
  description: string
  wanted?: Outcome
}

interface BodyCase {
  name: string
  description: string
  api: 'v1' | 'v1alpha1'
  contentType: string | null
  body: string
  expect: Partial<Outcome> & { decoded?: true }
  wanted?: Partial<Outcome> & { decoded?: true }
}

const vectors: { outcomeCases: OutcomeCase[]; bodyCases: BodyCase[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-http.json', import.meta.url), 'utf8'),
)

let server: TestServer
let lost: App
beforeAll(async () => {
  server = await testServer()
  await server.register({ name: 'free.example.app', bypassHealthAuthorityVerification: true })
  await server.register({ name: 'two.example.app', allowedRegions: ['US', 'CA'] })
  await server.register({ name: 'placeless.example.app', allowedRegions: [] })
  lost = await server.another({ variables: { DB_PORT: '1', DB_CONNECT_TIMEOUT: '1' } })
})
afterAll(() => server.close())
beforeEach(() => server.db.execute(sql`truncate exposure, publish_event`))

const from = (healthAuthorityID: string) => ({ body: { healthAuthorityID } })
const tokenOf = async (keys = [sentKey(0)]) =>
  (await server.publish(publishBody(keys, { reportType: 'likely' }))).body.revisionToken

/** How each row of the outcome table comes about. */
const outcomes: Record<string, () => Promise<Reply>> = {
  unknown_app: () => server.publish(publishBody([sentKey(0)], from('nobody'))),
  app_lookup_failed: () => publishTo(lost, publishBody([sentKey(0)])),
  no_regions: () => server.publish(publishBody([sentKey(0)], from('placeless.example.app'))),
  alpha_region: () => publishAlpha([sentKey(0)], ['US', 'CA']),
  bad_certificate: () =>
    server.publish(publishBody([sentKey(0)], { body: { verificationPayload: 'a.b.c' } })),
  transform_failed: () => server.publish(publishBody([sentKey(0, { rollingPeriod: 0 })])),
  async token_invalid() {
    const revisionToken = await tokenOf([sentKey(1)])
    await tokenOf([sentKey(0)])
    return server.publish(publishBody([sentKey(0)], { body: { revisionToken } }))
  },
  async token_missing() {
    await tokenOf()
    return server.publish(publishBody([sentKey(0)]))
  },
  async already_revised() {
    const revisionToken = await tokenOf()
    const revise = (reportType: 'confirmed' | 'negative') =>
      server.publish(publishBody([sentKey(0)], { reportType, body: { revisionToken } }))
    await revise('confirmed')
    return revise('negative')
  },
  async bad_transition() {
    const revisionToken = await tokenOf()
    const body = { revisionToken, healthAuthorityID: 'free.example.app', verificationPayload: '' }
    return server.publish(publishBody([sentKey(0)], { body }))
  },
  write_failed: () => failingWrite({}),
  partial: () => server.publish(publishBody([sentKey(0), sentKey(1, { key: '' })])),
  success: () => server.publish(publishBody([sentKey(0)])),
  write_failed_token_unreadable: () => failingWrite({ revisionToken: 'AAAA' }),
  keys_unreadable: () => publishTo(keyless, publishBody([sentKey(0)])),
  warnings_only: () =>
    server.publish(publishBody([sentKey(13)], { symptomOnsetInterval: 2_669_760 })),
  no_keys_bypass: () => server.publish({ healthAuthorityID: 'free.example.app' }),
  no_keys_certificate: () =>
    server.publish({ ...publishBody([sentKey(0)]), temporaryExposureKeys: [] }),
}

let keyless: App
let alpha: App
beforeAll(async () => {
  alpha = await server.another({ variables: { ENABLE_V1ALPHA1_API: 'true' } })
  const keyManager = memoryKeyManager({
    before: () => {
      throw new Error('out of order')
    },
  })
  keyless = await server.another({ context: { keyManager } })
})

/** The same publish in the words of the old API. */
function publishAlpha(
  keys: SentKey[],
  regions: string[],
  appPackageName = 'com.example.app',
): Promise<Reply> {
  const { healthAuthorityID: _, hmacKey, ...body } = publishBody(keys) as Record<string, unknown>
  const old = { ...body, appPackageName, hmackey: hmacKey, regions }
  return publishTo(alpha, old, {}, '/')
}

test('the old API stores what it is sent under the regions of the request, and has every field in its reply', async () => {
  const reply = await publishAlpha([sentKey(0)], ['CA', 'US'], 'two.example.app')
  expect(reply).toMatchObject({
    status: 200,
    headers: { 'x-api-version': 'v1alpha' },
    body: { revisionToken: expect.any(String), insertedExposures: 1, error: '' },
  })
  expect(Object.keys(reply.body).sort()).toEqual([
    'error',
    'insertedExposures',
    'padding',
    'revisionToken',
  ])
  expect(await server.db.query(sql`select regions, traveler from exposure`)).toEqual([
    { regions: ['CA', 'US'], traveler: true },
  ])
  expect(await publishAlpha([sentKey(1)], [])).toMatchObject({ status: 200 })
})

test('an app without regions of its own may name any, but only regions', async () => {
  const publish = (region: string) => publishAlpha([sentKey(0)], [region], 'placeless.example.app')
  expect(await publish('U\0S')).toMatchObject({
    status: 400,
    headers: { 'x-api-version': 'v1alpha' },
  })
  expect(await publish('ca-on')).toMatchObject({ status: 200 })
  expect(await server.db.query(sql`select regions from exposure`)).toEqual([{ regions: ['CA-ON'] }])
})

test('in maintenance everything that has a route is refused, chaff and health too', async () => {
  const closed = await server.another({ variables: { MAINTENANCE_MODE: 'true' } })
  for (const [url, headers] of [
    ['/v1/publish', {}],
    ['/v1/publish', { 'x-chaff': '1' }],
    ['/v1/stats', {}],
    ['/health', {}],
  ] as const) {
    const reply = await closed.inject({ method: 'POST', url, headers })
    expect([reply.statusCode, reply.body]).toEqual([429, '{"error": "please try again later"}'])
    expect(reply.headers['content-type']).toBe('application/json')
  }
  expect((await closed.inject('/nope')).statusCode).toBe(404)
  expect((await closed.inject('/livez')).statusCode).toBe(200)
})

async function failingWrite(body: object): Promise<Reply> {
  await server.db.execute(
    sql`alter table exposure add constraint broken check (traveler) not valid`,
  )
  try {
    return await server.publish(publishBody([sentKey(0)], { body }))
  } finally {
    await server.db.execute(sql`alter table exposure drop constraint broken`)
  }
}

describe('each row of the outcome table', () => {
  test.each(vectors.outcomeCases.filter(({ name }) => name in outcomes))(
    '$name: $description',
    async ({ name, wanted, ...given }) => {
      const { httpStatus, code } = wanted ?? given
      const reply = await outcomes[name]?.()
      expect([reply?.status, reply?.body.code ?? null]).toEqual([httpStatus, code])
      expect(reply?.headers).toMatchObject({
        'x-api-version': name.startsWith('alpha') ? 'v1alpha' : 'v1',
        'content-type': 'application/json',
      })
      expect(reply?.body.padding?.length).toBeGreaterThanOrEqual(1368)
    },
  )

  test('is there', () => {
    expect(
      vectors.outcomeCases.map(({ name }) => name).filter((name) => !(name in outcomes)),
    ).toEqual([])
  })
})

test('without a key to seal with, a publish is stored and gets no token', async () => {
  const { body } = await publishTo(keyless, publishBody([sentKey(0)]))
  expect(body).toMatchObject({ insertedExposures: 1 })
  expect(body.revisionToken).toBeUndefined()
})

test('a token that cannot be read for our reasons is not blamed', async () => {
  const revisionToken = await tokenOf()
  const { status, body } = await publishTo(
    keyless,
    publishBody([sentKey(0)], { body: { revisionToken } }),
  )
  expect([status, body.code]).toEqual([503, 'internal_error'])
})

describe('bodies', () => {
  test.each(vectors.bodyCases)(
    '$api $name: $description',
    async ({ api, contentType, body, ...given }) => {
      const wanted = given.wanted ?? given.expect
      const reply = await (api === 'v1' ? server.app : alpha).inject({
        method: 'POST',
        url: api === 'v1' ? '/v1/publish' : '/',
        headers: contentType === null ? {} : { 'content-type': contentType },
        payload: body,
      })
      // What can be read is of no app that is known.
      const { httpStatus = 401, code = 'unknown_health_authority_id' } = wanted
      const shownCode = api === 'v1' ? code : undefined
      expect([reply.statusCode, reply.json().code]).toEqual([httpStatus, shownCode])
      expect(reply.json().padding).toEqual(expect.any(String))
      expect(reply.headers['content-type']).toBe('application/json')
    },
  )
})

test('neither logs nor replies hold a key, a certificate or a token', async () => {
  const sent = [sentKey(0), sentKey(1, { rollingPeriod: 0 }), sentKey(2)]
  const { verificationPayload, hmacKey } = publishBody(sent) as Record<string, string>
  const revisionToken = await tokenOf([sentKey(2)])
  const replies = [
    await server.publish(publishBody(sent)),
    await server.publish(publishBody(sent, { body: { revisionToken } })),
    await server.publish(publishBody(sent, { body: { hmacKey: 'AAAA' } })),
    await server.publish({ ...publishBody(sent), temporaryExposureKeys: 1 }),
    await failingWrite({}),
  ]
  const errors = replies.map(({ body }) => body.error)
  const told = JSON.stringify([server.lines, errors])
  const secrets = [...sent.map(({ key }) => key), verificationPayload, hmacKey, revisionToken]
  expect(secrets.filter((secret) => secret !== undefined && told.includes(secret))).toEqual([])
  expect(errors.join()).not.toMatch(/127\.0\.0\.1|PostgreSQL|ens_test/)
})

test('a certificate that was refused is logged whole only when that was asked for', async () => {
  const curious = await server.another({ variables: { DEBUG_LOG_BAD_CERTIFICATES: 'true' } })
  const body = publishBody([sentKey(0)], { body: { verificationPayload: 'a.bad.certificate' } })
  await server.publish(body)
  expect(server.lines.at(-2)).not.toHaveProperty('certificate')
  await publishTo(curious, body)
  expect(server.lines.at(-2)).toMatchObject({ certificate: 'a.bad.certificate' })
})

test('what was wrong with a body is logged only when that was asked for', async () => {
  const curious = await server.another({ variables: { LOG_JSON_PARSE_ERRORS: 'true' } })
  await server.publish({ nonsense: 1 })
  expect(server.lines.filter(({ severity }) => severity === 'WARNING').at(-1)?.message).not.toMatch(
    /body/,
  )
  await publishTo(curious, { nonsense: 1 })
  expect(server.lines.at(-2)).toMatchObject({
    severity: 'WARNING',
    message: 'a body cannot be read',
  })
})
