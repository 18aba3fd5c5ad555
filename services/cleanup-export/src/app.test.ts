import { readFileSync } from 'node:fs'
import { loadConfig } from '@ens/config'
import { sql, withLock } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { silentLogger } from '@ens/observability/testing'
import type { App } from '@ens/server'
import { type Blobstore, storageUnavailable } from '@ens/storage'
import { memoryBlobstore } from '@ens/storage/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildApp } from './app.ts'
import { config } from './config.ts'
import { testArchives } from './testing/archives.ts'

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
beforeEach(() => db.execute(sql`truncate export_config cascade`))

function variables(overrides: Record<string, string> = {}): Record<string, string> {
  const { host, port, name, user, password } = db.config
  return {
    DB_HOST: host,
    DB_PORT: String(port),
    DB_NAME: name,
    DB_USER: user,
    ...(password !== undefined && { DB_PASSWORD: password }),
    DB_SSLMODE: 'disable',
    BLOBSTORE: 'MEMORY',
    ...overrides,
  }
}

async function withService<T>(
  { overrides = {}, blobstore }: { overrides?: Record<string, string>; blobstore?: Blobstore },
  use: (app: App) => Promise<T>,
): Promise<T> {
  const settings = loadConfig(config, variables(overrides))
  const context = { logger: await silentLogger(), now: () => NOON }
  const app = await buildApp(settings, blobstore ? { ...context, blobstore } : context)
  try {
    return await use(app)
  } finally {
    await app.close()
  }
}

/** One archive due; the store deletes nothing unless told so. */
async function anArchive(deletes = false): Promise<Blobstore> {
  const blobstore = memoryBlobstore({
    before(operation) {
      if (operation === 'delete' && !deletes) throw storageUnavailable('the store is down')
    },
  })
  const archives = testArchives(db, blobstore)
  const configId = await archives.addConfig()
  const [start, end] = [new Date('2020-06-01T07:59:59Z'), new Date('2020-06-01T11:59:59Z')]
  await archives.addBatch({ configId, start, end, doomed: 1 })
  return blobstore
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
  const isDue = given.given === 'one file due, deleting its object fails'
  const service = {
    overrides: overridesOf(given.given),
    ...(isDue && { blobstore: await anArchive() }),
  }
  const reply = await withService(service, (app) => app.inject({ method, url }))
  expect(reply.statusCode).toBe(given.want_status)
  expect(reply.headers['content-type']).toBe(given.want_content_type)
  // Counts may stand beside `ok`, and a failure may say more than the reference's empty objects.
  if (given.want_body === '{"ok":true}') expect(reply.json()).toMatchObject({ ok: true })
  else if (given.want_body === '[{}]\n')
    expect(reply.json()).toEqual({ error: expect.stringContaining('could not be deleted') })
  else expect(reply.body).toBe(given.want_body)
})

describe('the service', () => {
  test('says how much it has deleted', async () => {
    const blobstore = await anArchive(true)
    const reply = await withService({ blobstore }, (app) => app.inject({ url: '/' }))
    expect(reply.body).toBe('{"ok":true,"marked":0,"archives":1,"batches":1,"history":0,"locks":0}')
  })

  test('says how much it could not delete', async () => {
    const blobstore = await anArchive()
    const reply = await withService({ blobstore }, (app) => app.inject({ url: '/' }))
    expect([reply.statusCode, reply.body]).toEqual([
      500,
      '{"error":"1 archives could not be deleted, 0 were; the first: the store is down"}\n',
    ])
  })

  test('while another instance is at it, it is too early', async () => {
    const lock = { name: 'cleanup-export', ttlMs: 60_000, now: () => NOON }
    const during = await withService({}, (app) =>
      withLock(db, lock, () => app.inject({ method: 'POST', url: '/' })),
    )
    expect(during.ran && [during.result.statusCode, during.result.body]).toEqual([
      200,
      '{"error":"too early"}\n',
    ])
  })

  test('asks for the job token when there is one', async () => {
    const statuses = await withService({ overrides: { JOB_TOKEN: 'hunter2' } }, async (app) => {
      const ask = async (headers: Record<string, string>) =>
        (await app.inject({ method: 'POST', url: '/', headers })).statusCode
      return [await ask({}), await ask({ authorization: 'Bearer hunter2' })]
    })
    expect(statuses).toEqual([401, 200])
  })

  test('does not start without a blob store', async () => {
    const started = withService({ overrides: { BLOBSTORE: 'NOOP' } }, async () => {})
    await expect(started).rejects.toMatchObject({ code: 'no_blobstore' })
  })

  test.each([
    [{ EXPORT_HISTORY_TTL: '-1h' }, 'EXPORT_HISTORY_TTL: must not be negative'],
    [{ CLEANUP_DELETES_AT_ONCE: '65' }, 'CLEANUP_DELETES_AT_ONCE: '],
    [{ BLOBSTORE: '' }, 'BLOBSTORE: '],
  ])('does not start with %o', (overrides, problem) => {
    expect(() => loadConfig(config, variables(overrides))).toThrow(problem)
  })
})
