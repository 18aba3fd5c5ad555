import { readFileSync } from 'node:fs'
import { loadConfig } from '@ens/config'
import { healthAuthorities, sql, withLock } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { silentLogger } from '@ens/observability/testing'
import type { App } from '@ens/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from './app.ts'
import { config } from './config.ts'
import { type Issuer, startIssuer } from './testing/issuer.ts'
import { freshJwk } from './testing/keys.ts'

const NOON = new Date('2020-10-05T12:00:00Z')
const now = () => NOON
const TOKEN = 'token-of-the-scheduler'

let db: TestDatabase
let issuer: Issuer
let app: App
let authorityId: number

const variables = () => ({
  DB_HOST: db.config.host,
  DB_PORT: String(db.config.port),
  DB_NAME: db.config.name,
  DB_USER: db.config.user,
  ...(db.config.password !== undefined && { DB_PASSWORD: db.config.password }),
  DB_SSLMODE: 'disable',
  JOB_TOKEN: TOKEN,
})

beforeAll(async () => {
  db = await testDatabase()
  issuer = await startIssuer()
  authorityId = await healthAuthorities.insert(db, {
    issuer: 'gov.example',
    audience: 'keyserver',
    name: 'Example Health',
    jwksUri: issuer.url('/keys'),
    enableStats: true,
  })
  const settings = loadConfig(config, { ...variables(), JWKS_ALLOW_PRIVATE_ADDRESSES: 'true' })
  app = buildApp(settings, { logger: await silentLogger(), now })
})
afterAll(async () => {
  await app.close()
  await issuer.close()
  await db.close()
})

const run = (target = app, token = TOKEN) =>
  target.inject({ method: 'POST', url: '/', headers: { authorization: `Bearer ${token}` } })
const keys = async () => (await healthAuthorities.find(db, authorityId))?.keys

interface RouteCase {
  name: string
  description: string
  httpStatus: number
  contentType: string
  wanted: { body: string }
}

const { routeCases }: { routeCases: RouteCase[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-http.json', import.meta.url), 'utf8'),
)

test('who does not know the token starts nothing', async () => {
  expect((await run(app, 'guessed')).statusCode).toBe(401)
  expect(issuer.asked).toEqual([])
})

test('an authority that fails makes the run fail, and the scheduler is told which and why', async () => {
  const reply = await run()
  expect([reply.statusCode, reply.body]).toEqual([
    500,
    `{"error":"health authority ${authorityId} (Example Health): it answered 404 instead of 200"}\n`,
  ])
})

test('while another instance is at it, it is too early', async () => {
  const lock = { name: 'jwks-import', ttlMs: 60_000, now }
  const during = await withLock(db, lock, () => run())
  expect(during.ran && [during.result.statusCode, during.result.json()]).toEqual([
    200,
    { error: 'too early' },
  ])
})

test('a private address is refused unless the settings allow it', async () => {
  issuer.publish('/keys', [freshJwk('v1')])
  const strict = buildApp(loadConfig(config, variables()), { logger: await silentLogger(), now })
  const reply = await run(strict)
  await strict.close()
  expect(reply.json().error).toMatch(/leads to a private address/)
  expect(await keys()).toEqual([])
})

test('a scheduler is told what was done', async () => {
  issuer.publish('/keys', [freshJwk('v1')])
  const reply = await run()
  expect([reply.statusCode, reply.body]).toEqual([
    200,
    '{"ok":true,"authorities":1,"inserted":1,"revoked":0,"purged":0}',
  ])
  expect(await keys()).toMatchObject([{ version: 'v1', from: NOON, thru: undefined }])
})

test('the settings are those of the reference server', () => {
  const { jwks } = loadConfig(config, {
    ...variables(),
    HEALTH_AUTHORITY_KEY_CLEANUP_TTL: '-24h',
  })
  expect(jwks).toEqual({
    maxRuntimeMs: 600_000,
    requestTimeoutMs: 30_000,
    keyCleanupTtlMs: 86_400_000,
    maxWorkers: 5,
    maxBytes: 262_144,
    allowsPrivateAddresses: false,
  })
})

describe('a scheduler is answered as by the reference server, with counts', () => {
  test.each(routeCases)('$name: $description', async ({ name, httpStatus, ...given }) => {
    await db.execute(sql`delete from health_authority_key`)
    if (name === 'jwks_ok') issuer.publish('/keys', [freshJwk('v1')])
    else issuer.answer('/keys', (_, response) => response.writeHead(404).end())
    const reply = await run()
    const body = reply.body.replace(`authority ${authorityId} `, 'authority <id> ')
    expect([reply.statusCode, body]).toEqual([httpStatus, given.wanted.body])
    expect(reply.headers['content-type']).toBe(given.contentType)
  })
})
