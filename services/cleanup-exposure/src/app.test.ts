import { readFileSync } from 'node:fs'
import { loadConfig } from '@ens/config'
import { exposures, withLock } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { aKey } from '@ens/domain/testing'
import { silentLogger } from '@ens/observability/testing'
import type { App } from '@ens/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from './app.ts'
import { config } from './config.ts'
import { storeKey } from './testing/store-key.ts'

interface HttpCase {
  name: string
  given: string
  method: 'GET' | 'POST'
  path: string
  want_status: number
  want_content_type: string
  want_body: string
}

const vectors: { cases: HttpCase[] } = JSON.parse(
  readFileSync(new URL('../testdata/export-http.json', import.meta.url), 'utf8'),
)

const NOON = new Date('2020-06-15T12:00:00Z')

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())

function variables(overrides: Record<string, string> = {}): Record<string, string> {
  const { host, port, name, user, password } = db.config
  return {
    DB_HOST: host,
    DB_PORT: String(port),
    DB_NAME: name,
    DB_USER: user,
    ...(password !== undefined && { DB_PASSWORD: password }),
    DB_SSLMODE: 'disable',
    ...overrides,
  }
}

async function withService<T>(
  overrides: Record<string, string>,
  use: (app: App) => Promise<T>,
): Promise<T> {
  const settings = loadConfig(config, variables(overrides))
  const app = buildApp(settings, { logger: await silentLogger(), now: () => NOON })
  try {
    return await use(app)
  } finally {
    await app.close()
  }
}

/** Either a state, or variables as they are set. */
function overridesOf(given: string): Record<string, string> {
  if (given === 'database unreachable') return { DB_PORT: '1' }
  return Object.fromEntries(
    given
      .split(', ')
      .filter((one) => one.includes('='))
      .map((one) => one.split('=')),
  )
}

test.each(vectors.cases)('as the reference server answers: $name', async (given) => {
  const { method, path: url } = given
  const reply = await withService(overridesOf(given.given), (app) => app.inject({ method, url }))
  expect(reply.statusCode).toBe(given.want_status)
  expect(reply.headers['content-type']).toBe(given.want_content_type)
  // Counts may stand beside `ok`.
  if (given.want_body === '{"ok":true}') expect(reply.json()).toMatchObject({ ok: true })
  else expect(reply.body).toBe(given.want_body)
})

describe('the service', () => {
  test('says how much it has deleted', async () => {
    await storeKey(db, 1, new Date('2020-06-01T11:59:59Z'))
    await storeKey(db, 2, new Date('2020-06-01T12:00:00Z'))
    const reply = await withService({}, (app) => app.inject({ method: 'POST', url: '/' }))
    expect(reply.body).toBe('{"ok":true,"exposures":1,"statistics":0,"folded":0}')
    const left = await db.transaction((tx) => exposures.lockStored(tx, [aKey(1), aKey(2)]))
    expect(left.map(({ key }) => key)).toEqual([aKey(2)])
  })

  test('really rests between batches', async () => {
    for (const number of [11, 12, 13]) await storeKey(db, number, new Date('2020-05-01T00:00:00Z'))
    const reply = await withService({ CLEANUP_BATCH_SIZE: '1' }, (app) => app.inject({ url: '/' }))
    expect(reply.json()).toMatchObject({ exposures: 3 })
  })

  test('while another instance is at it, it is too early', async () => {
    const lock = { name: 'cleanup-exposure', ttlMs: 60_000, now: () => NOON }
    const during = await withService({}, (app) =>
      withLock(db, lock, () => app.inject({ method: 'POST', url: '/' })),
    )
    expect(during.ran && [during.result.statusCode, during.result.body]).toEqual([
      200,
      '{"error":"too early"}\n',
    ])
  })

  test('asks for the job token when there is one', async () => {
    const statuses = await withService({ JOB_TOKEN: 'hunter2' }, async (app) => {
      const ask = async (headers: Record<string, string>) =>
        (await app.inject({ method: 'POST', url: '/', headers })).statusCode
      return [await ask({}), await ask({ authorization: 'Bearer hunter2' })]
    })
    expect(statuses).toEqual([401, 200])
  })

  test.each([
    [{ CLEANUP_BATCH_SIZE: '0' }, 'CLEANUP_BATCH_SIZE: '],
    [{ CLEANUP_TIMEOUT: '0' }, 'CLEANUP_TIMEOUT: '],
    [{ CLEANUP_TTL: '' }, 'CLEANUP_TTL: '],
  ])('does not start with %o', (overrides, problem) => {
    expect(() => loadConfig(config, variables(overrides))).toThrow(problem)
  })
})
