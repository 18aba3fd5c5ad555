import { readFileSync } from 'node:fs'
import { loadConfig } from '@ens/config'
import { revisionKeys, sql, withLock } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { memoryKeyManager } from '@ens/keys/testing'
import { silentLogger } from '@ens/observability/testing'
import type { App } from '@ens/server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildApp } from './app.ts'
import { config } from './config.ts'

const NOON = new Date('2020-10-05T12:00:00Z')
const now = () => NOON
const TOKEN = 'token-of-the-scheduler'

let db: TestDatabase
let app: App

const variables = () => ({
  DB_HOST: db.config.host,
  DB_PORT: String(db.config.port),
  DB_NAME: db.config.name,
  DB_USER: db.config.user,
  ...(db.config.password !== undefined && { DB_PASSWORD: db.config.password }),
  DB_SSLMODE: 'disable',
  KEY_MANAGER: 'MEMORY',
  REVISION_TOKEN_KEY_ID: '/tokens',
  JOB_TOKEN: TOKEN,
})

beforeAll(async () => {
  db = await testDatabase()
  const keyManager = memoryKeyManager()
  await keyManager.createEncryptionKeyVersion(await keyManager.createEncryptionKey('', 'tokens'))
  const logger = await silentLogger()
  app = await buildApp(loadConfig(config, variables()), { logger, now, keyManager })
})
beforeEach(() => db.execute(sql`delete from revision_key`))
afterAll(async () => {
  await app.close()
  await db.close()
})

const rotate = (token = TOKEN, url = '/rotate-keys') =>
  app.inject({ method: 'POST', url, headers: { authorization: `Bearer ${token}` } })

interface RouteCase {
  name: string
  description: string
  request: string
  httpStatus: number
  contentType: string
  body: string
  wanted?: { body: string }
}

const { routeCases }: { routeCases: RouteCase[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-http.json', import.meta.url), 'utf8'),
)

describe('a scheduler is answered as by the reference server', () => {
  test.each(routeCases)('$name: $description', async ({ name, request, httpStatus, ...given }) => {
    const ask = () => rotate(TOKEN, request.replace('POST ', ''))
    const lock = { name: 'key-rotation-lock', ttlMs: 60_000, now }
    const locked = name === 'rotate_keys_locked' ? await withLock(db, lock, ask) : undefined
    const reply = locked?.ran ? locked.result : await ask()
    expect([reply.statusCode, reply.body]).toEqual([httpStatus, given.wanted?.body ?? given.body])
    expect(reply.headers['content-type']).toBe(given.contentType)
  })
})

test('a scheduler is told what was done', async () => {
  const reply = await rotate()
  expect([reply.statusCode, reply.body]).toEqual([200, '{"ok":true,"created":1,"destroyed":0}'])
  expect((await rotate()).json()).toEqual({ ok: true, created: 0, destroyed: 0 })
})

test('who does not know the token changes nothing', async () => {
  expect((await rotate('guessed')).statusCode).toBe(401)
  expect(await revisionKeys.listAllowed(db)).toEqual([])
})

test('while another instance is at it, it is too early', async () => {
  const lock = { name: 'key-rotation-lock', ttlMs: 60_000, now }
  const during = await withLock(db, lock, () => rotate())
  expect(during).toMatchObject({ ran: true, result: { statusCode: 200 } })
  expect(during.ran && during.result.json()).toEqual({ error: 'too early' })
  expect(await revisionKeys.listAllowed(db)).toEqual([])
})

test('a key manager that does not know the wrapping key is told of, and is no success', async () => {
  const keyManager = memoryKeyManager()
  const logger = await silentLogger()
  const other = await buildApp(loadConfig(config, variables()), { logger, now, keyManager })
  const reply = await other.inject({
    url: '/rotate-keys',
    headers: { authorization: `Bearer ${TOKEN}` },
  })
  await other.close()
  expect(reply.statusCode).toBe(500)
  expect(reply.json().error).toMatch(/there is no key \/tokens/)
})

test('a key manager that cannot encrypt does not let it start', async () => {
  const settings = loadConfig(config, { ...variables(), KEY_MANAGER: 'NOOP' })
  const started = buildApp(settings, { logger: await silentLogger(), now })
  await expect(started).rejects.toMatchObject({ code: 'key_operation_unsupported' })
})

test('the path is exact', async () => {
  expect((await rotate(TOKEN, '/')).statusCode).toBe(404)
})

test.each(['NEW_KEY_PERIOD', 'DELETE_OLD_KEY_PERIOD'])('%s must be some time', (name) => {
  expect(() => loadConfig(config, { ...variables(), [name]: '0' })).toThrow(/must be more than 0/)
})
