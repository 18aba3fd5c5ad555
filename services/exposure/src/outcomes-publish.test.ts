import { connect } from 'node:net'
import { exposures, sql } from '@ens/database'
import type { ReportType, SentKey } from '@ens/domain'
import { anExposure } from '@ens/domain/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DatabaseProxy, databaseProxy } from './testing/proxy.ts'
import { openStand, type Stand, type StartedService } from './testing/started-service.ts'
import { type PublishOptions, type TestServer, testServer } from './testing/test-server.ts'
import { type Answer, bodyFor, documentedHeaders, freshKeys, post } from './testing/wire.ts'

/*
 * The outcome tables of publishing, a test for each row, over HTTP against the service as it runs in
 * production: a process of its own, with the time of day.
 */

let fixture: TestServer
let stand: Stand
let proxy: DatabaseProxy
/** As it should be. */
let service: StartedService
/** Its key manager does not know the key that wraps revision keys. */
let keyless: StartedService
/** Its way to the database can be cut; it believes apps for hours, and authorities not a moment. */
let cuttable: StartedService
/** It has never seen its database. */
let lost: StartedService
let closed: StartedService

beforeAll(async () => {
  fixture = await testServer()
  const { db } = fixture
  await fixture.register({ name: 'free.example.app', bypassHealthAuthorityVerification: true })
  await fixture.register({ name: 'tokenless.example.app', bypassRevisionToken: true })
  await fixture.register({ name: 'placeless.example.app', allowedRegions: [] })
  await fixture.register({ name: 'foreign.example.app', allowedHealthAuthorityIds: [] })
  proxy = await databaseProxy(db)
  const throughProxy = {
    DB_PORT: String(proxy.port),
    DB_CONNECT_TIMEOUT: '1',
    AUTHORIZED_APP_CACHE_DURATION: '1h',
    VERIFICATION_CACHE_DURATION: '0s',
  }
  // Made by the fixture, with a key manager of its own.
  await fixture.db.execute(sql`delete from revision_key`)
  stand = await openStand(db)
  service = await stand.start({ ENABLE_V1ALPHA1_API: 'true' })
  keyless = await stand.start({
    REVISION_TOKEN_KEY_ID: 'system/unknown',
    KEY_FILESYSTEM_ROOT: '/nowhere',
  })
  cuttable = await stand.start(throughProxy)
  lost = await stand.start({ DB_PORT: '1', DB_CONNECT_TIMEOUT: '1' })
  closed = await stand.start({ MAINTENANCE_MODE: 'true' })
}, 120_000)
afterAll(async () => {
  await stand.stop()
  await proxy.close()
  await fixture.close()
})

const publish = (keys: readonly SentKey[], options?: PublishOptions, to = service) =>
  post(to, { body: bodyFor(keys, options) })

async function tokenFor(keys: readonly SentKey[], reportType: ReportType = 'likely') {
  const { body } = await publish(keys, { reportType })
  return body.revisionToken ?? ''
}

const app = (healthAuthorityID: string) => ({ body: { healthAuthorityID } })

/** Stores a key as it may have come from elsewhere. */
async function storeForeign(key: SentKey): Promise<void> {
  await exposures.insertAll(
    fixture.db,
    {
      exposures: [
        anExposure({
          key: Buffer.from(key.key, 'base64'),
          intervalNumber: key.rollingStartNumber,
          intervalCount: key.rollingPeriod,
          reportType: 'likely',
          localProvenance: false,
        }),
      ],
      admission: { arrivedAt: new Date(), maxSkewMs: undefined, maxWaitMs: 1000 },
      statistics: undefined,
    },
    { timeoutMs: 1000 },
  )
}

async function whileWritesFail<T>(work: () => Promise<T>): Promise<T> {
  const { db } = fixture
  await db.execute(sql`alter table exposure add constraint broken check (traveler) not valid`)
  try {
    return await work()
  } finally {
    await db.execute(sql`alter table exposure drop constraint broken`)
  }
}

type Row = [row: string, status: number, code: string | undefined, act: () => Promise<Answer>]

const PUBLISH: Row[] = [
  [
    '1: another content type',
    415,
    'bad_request',
    () => post(service, { headers: { 'content-type': 'text/plain' } }),
  ],
  ['1: no body', 400, 'bad_request', () => post(service, { body: '' })],
  ['1: a body that is no JSON', 400, 'bad_request', () => post(service, { body: '{"a' })],
  [
    '1: a body beyond the limit',
    413,
    'bad_request',
    () => post(service, { body: { padding: 'x'.repeat(64_000) } }),
  ],
  ['1: an unknown field', 400, 'bad_request', () => post(service, { body: { nonsense: 1 } })],
  [
    '1: a value of another type',
    400,
    'bad_request',
    () => post(service, { body: { traveler: 'yes' } }),
  ],
  ['1: two values', 400, 'bad_request', () => post(service, { body: '{} {}' })],
  [
    '2: an app that is not registered',
    401,
    'unknown_health_authority_id',
    () => publish(freshKeys(), app('nobody')),
  ],
  [
    '2: apps that cannot be read',
    503,
    'unable_to_load_health_authority',
    () => publish(freshKeys(), {}, lost),
  ],
  [
    '4: no region at all',
    500,
    'health_authority_missing_region_config',
    () => publish(freshKeys(), app('placeless.example.app')),
  ],
  [
    '5: a certificate that is none',
    401,
    'health_authority_verification_certificate_invalid',
    () => publish(freshKeys(), { body: { verificationPayload: 'a.b.c' } }),
  ],
  [
    '5: an expired certificate',
    401,
    'health_authority_verification_certificate_invalid',
    () => publish(freshKeys(), { issuedAt: new Date(Date.now() - 2 * 3_600_000) }),
  ],
  [
    '5: a certificate for other keys',
    401,
    'health_authority_verification_certificate_invalid',
    () => publish(freshKeys(), { body: { temporaryExposureKeys: freshKeys() } }),
  ],
  [
    '5: an authority that the app may not use',
    401,
    'health_authority_verification_certificate_invalid',
    () => publish(freshKeys(), app('foreign.example.app')),
  ],
  [
    '5: zero keys',
    401,
    'health_authority_verification_certificate_invalid',
    () => post(service, { body: { ...bodyFor(freshKeys()), temporaryExposureKeys: [] } }),
  ],
  [
    '5: authorities that cannot be read',
    503,
    'internal_error',
    async () => {
      const warm = await publish(freshKeys(), {}, cuttable)
      expect(warm.status).toBe(200)
      proxy.cut()
      const answer = await publish(freshKeys(), {}, cuttable)
      proxy.mend()
      return answer
    },
  ],
  [
    '5: no certificate, by an app that needs none',
    200,
    undefined,
    () =>
      post(service, {
        body: { healthAuthorityID: 'free.example.app', temporaryExposureKeys: freshKeys() },
      }),
  ],
  [
    '6: a token that is no base64 counts as absent',
    200,
    undefined,
    () => publish(freshKeys(), { body: { revisionToken: '!' } }),
  ],
  [
    '6: a token that cannot be read does no harm to new keys',
    200,
    undefined,
    () => publish(freshKeys(), { body: { revisionToken: 'AAAA' } }),
  ],
  [
    '6: a token while revision keys cannot be read',
    503,
    'internal_error',
    async () => {
      const revisionToken = await tokenFor(freshKeys())
      return publish(freshKeys(), { body: { revisionToken } }, keyless)
    },
  ],
  [
    '7: no usable key',
    400,
    'bad_request',
    () => publish(freshKeys().map((key) => ({ ...key, rollingPeriod: 0 }))),
  ],
  ['7: too many keys', 400, 'bad_request', () => publish(freshKeys(31))],
  [
    '7: zero keys, without certificate',
    400,
    'bad_request',
    () => post(service, { body: { healthAuthorityID: 'free.example.app' } }),
  ],
  [
    '8: a known key without token',
    400,
    'missing_revision_token',
    async () => {
      const keys = freshKeys()
      await tokenFor(keys)
      return publish(keys)
    },
  ],
  [
    '8: a known key that the token does not list',
    400,
    'invalid_revision_token',
    async () => {
      const [keys, others] = [freshKeys(), freshKeys()]
      const revisionToken = await tokenFor(others)
      await tokenFor(keys)
      return publish(keys, { body: { revisionToken } })
    },
  ],
  [
    '8: a known key with a token that cannot be read',
    400,
    'invalid_revision_token',
    async () => {
      const keys = freshKeys()
      await tokenFor(keys)
      return publish(keys, { body: { revisionToken: 'AAAA' } })
    },
  ],
  [
    '8: a second, different revision',
    400,
    'key_already_revised',
    async () => {
      const keys = freshKeys()
      const revisionToken = await tokenFor(keys)
      await publish(keys, { body: { revisionToken } })
      return publish(keys, { reportType: 'negative', body: { revisionToken } })
    },
  ],
  [
    '8: a transition that is not allowed',
    400,
    'invalid_report_type_transition',
    async () => {
      const keys = freshKeys()
      const revisionToken = await tokenFor(keys, 'confirmed')
      return publish(keys, { reportType: 'likely', body: { revisionToken } })
    },
  ],
  [
    '8: a known key with another interval',
    400,
    'internal_error',
    async () => {
      const keys = freshKeys()
      const revisionToken = await tokenFor(keys)
      return publish(
        keys.map((key) => ({ ...key, rollingPeriod: 143 })),
        { body: { revisionToken } },
      )
    },
  ],
  [
    '8: a key that was not published here',
    400,
    'internal_error',
    async () => {
      const keys = freshKeys()
      for (const key of keys) await storeForeign(key)
      return publish(keys, app('tokenless.example.app'))
    },
  ],
  [
    '8: a write that fails',
    503,
    'internal_error',
    () => whileWritesFail(() => publish(freshKeys())),
  ],
  [
    '8: a write that fails, with a token that cannot be read',
    503,
    'internal_error',
    () => whileWritesFail(() => publish(freshKeys(), { body: { revisionToken: 'AAAA' } })),
  ],
  [
    '10: some keys refused, others stored',
    200,
    'partial_failure',
    () => {
      const [good, bad] = freshKeys(2) as [SentKey, SentKey]
      return publish([good, { ...bad, rollingPeriod: 0 }])
    },
  ],
  ['10: success', 200, undefined, () => publish(freshKeys(14))],
]

describe('a publish', () => {
  test.each(PUBLISH)('%s → %d %s', async (_, status, code, act) => {
    const answer = await act()
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'x-api-version': 'v1',
    })
    expect(Object.keys(answer.headers)).toEqual(
      expect.arrayContaining(documentedHeaders('/v1/publish', answer) ?? ['documented']),
    )
    expect(answer.headers['retry-after']).toEqual(
      status === 503 ? expect.stringMatching(/^\d+$/) : undefined,
    )
    expect(answer.body.padding?.length).toBeGreaterThanOrEqual(1368)
    expect(typeof answer.body.error).toBe(code === undefined ? 'undefined' : 'string')
    if (status === 200) expect(answer.body.revisionToken).toEqual(expect.any(String))
  })

  test('9: without a key to make a token with is stored, and gets none', async () => {
    const { status, body } = await publish(freshKeys(), {}, keyless)
    expect([status, body.insertedExposures, body.revisionToken]).toEqual([200, 1, undefined])
  })

  test('10: all of whose keys are too far from the onset is a success with warnings only', async () => {
    const [key] = freshKeys() as [SentKey]
    const onset = key.rollingStartNumber - 20 * 144
    const { status, body } = await publish([key], { symptomOnsetInterval: onset })
    expect([status, Object.keys(body).sort()]).toEqual([200, ['padding', 'warnings']])
  })

  test('8: that revises changes what is stored, and counts no insert', async () => {
    const keys = freshKeys(3)
    const revisionToken = await tokenFor(keys)
    const { status, body } = await publish(keys, { body: { revisionToken } })
    expect([status, body.insertedExposures]).toEqual([200, undefined])
    const rows = await fixture.db.transaction((tx) =>
      exposures.lockStored(
        tx,
        keys.map(({ key }) => Buffer.from(key, 'base64')),
      ),
    )
    expect(rows.map(({ revision }) => revision?.reportType)).toEqual(Array(3).fill('confirmed'))
  })

  test('in broken chunks is refused before it is one', async () => {
    const { hostname, port } = new URL(service.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      'POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n',
    )
    let received = ''
    for await (const chunk of socket) received += chunk
    expect(received).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('the old API', () => {
  const old = (keys: SentKey[], changes: object) => {
    const { healthAuthorityID, ...body } = bodyFor(keys) as Record<string, unknown>
    return post(service, {
      path: '/',
      body: { ...body, appPackageName: healthAuthorityID, ...changes },
    })
  }

  test.each<[string, number, () => Promise<Answer>]>([
    ['3: a region that is not the app’s', 401, () => old(freshKeys(), { regions: ['XX'] })],
    ['1: a field of the new API', 400, () => old(freshKeys(), { traveler: true })],
    ['2: an app that is not registered', 401, () => old(freshKeys(), { appPackageName: 'nobody' })],
    ['10: success', 200, () => old(freshKeys(), { regions: ['US'] })],
  ])('%s → %d', async (_, status, act) => {
    const answer = await act()
    expect(answer.status).toBe(status)
    expect(answer.headers['x-api-version']).toBe('v1alpha')
    expect(Object.keys(answer.body).sort()).toEqual([
      'error',
      'insertedExposures',
      'padding',
      'revisionToken',
    ])
  })
})

describe('beside the APIs', () => {
  test.each([
    ['/v1/publish', {}],
    ['/v1/publish', { 'x-chaff': '1' }],
    ['/v1/stats', {}],
    ['/health', {}],
  ])('in maintenance %s with %j → 429', async (path, headers) => {
    const answer = await post(closed, { path, headers })
    expect([answer.status, answer.text]).toEqual([429, '{"error": "please try again later"}'])
    expect(documentedHeaders('/v1/publish', answer)).toEqual(['retry-after'])
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'retry-after': expect.stringMatching(/^\d+$/),
    })
  })

  test('chaff → 200 like a publish', async () => {
    const chaff = await post(service, { body: 'whatever', headers: { 'x-chaff': '1' } })
    const real = await publish(freshKeys())
    expect([chaff.status, Object.keys(chaff.headers)]).toEqual([200, Object.keys(real.headers)])
    expect(Object.keys(chaff.body)).toEqual(['padding'])
  })

  test('chaff while publishes fail for our reasons → 503 like them', async () => {
    const real = await publish(freshKeys(), {}, lost)
    const chaff = await post(lost, { headers: { 'x-chaff': '1' } })
    expect([real.status, chaff.status]).toEqual([503, 503])
    expect(Object.keys(chaff.headers)).toEqual(Object.keys(real.headers))
  })

  test('health without a database → 500', async () => {
    const answer = await post(lost, { path: '/health' })
    expect([answer.status, answer.text]).toEqual([500, 'Internal Server Error\n'])
  })

  test('the log of all this holds no key, token, certificate or address', async () => {
    const keys = freshKeys(2)
    const body = bodyFor(keys) as Record<string, string>
    await post(service, { body })
    const logs = (
      await Promise.all([service, keyless, cuttable, lost].map((one) => one.log()))
    ).join()
    const secrets = [...keys.map(({ key }) => key), body.verificationPayload, body.hmacKey]
    expect(logs).toContain('publish stored')
    expect(secrets.filter((secret) => secret !== undefined && logs.includes(secret))).toEqual([])
    expect(logs).not.toMatch(/eyJ|"remoteAddress"|x-forwarded-for/i)
  })
})
