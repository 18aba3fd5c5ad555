import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@ens/config'
import { exportConfigs, signatureInfos, withLock } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { anExportConfig } from '@ens/domain/testing'
import { openKeyManager } from '@ens/keys'
import { silentLogger } from '@ens/observability/testing'
import type { App } from '@ens/server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildApp } from './app.ts'
import { config } from './config.ts'
import { publish } from './testing/exporter.ts'

interface HttpCase {
  name: string
  given: string
  method: 'GET' | 'PUT' | 'POST' | 'HEAD'
  path: string
  want_status: number
  want_content_type: string | null
  want_body: string
  want_location?: string
}

const vectors: { cases: HttpCase[] } = JSON.parse(
  readFileSync(new URL('../testdata/export-http.json', import.meta.url), 'utf8'),
)

let db: TestDatabase
let root: string
let app: App
beforeEach(async () => {
  db = await testDatabase()
  root = await mkdtemp(join(tmpdir(), 'an export service '))
  await mkdir(join(root, 'exports'))
  app = await service()
})
afterEach(async () => {
  await app.close()
  await db.close()
  await rm(root, { recursive: true })
})

const NOON = new Date('2020-10-05T12:00:00Z')

function variables(overrides: Record<string, string> = {}): Record<string, string> {
  const { host, port, name, user, password } = db.config
  return {
    DB_HOST: host,
    DB_PORT: String(port),
    DB_NAME: name,
    DB_USER: user,
    ...(password !== undefined && { DB_PASSWORD: password }),
    DB_SSLMODE: 'disable',
    BLOBSTORE: 'FILESYSTEM',
    BLOBSTORE_FILESYSTEM_ROOT: root,
    KEY_MANAGER: 'FILESYSTEM',
    KEY_FILESYSTEM_ROOT: join(root, 'keys'),
    ...overrides,
  }
}

async function service(overrides?: Record<string, string>): Promise<App> {
  const settings = loadConfig(config, variables(overrides))
  return buildApp(settings, { logger: await silentLogger(), now: () => NOON })
}

/** One config, and the batch of its last window, with or without a key. */
async function addBatch(bucketName = 'exports', filenameRoot = 'us'): Promise<void> {
  await addConfig(bucketName, filenameRoot)
  await app.inject({ method: 'POST', url: '/create-batches' })
}

async function addConfig(bucketName = 'exports', filenameRoot = 'us'): Promise<void> {
  const keys = loadConfig(config, variables()).keys
  const keyManager = await openKeyManager(keys, () => NOON)
  const key = await keyManager.createSigningKey('system', 'export')
  const signingKey = await keyManager.createSigningKeyVersion(key)
  const info = { signingKey, keyId: '310', keyVersion: filenameRoot, thru: undefined }
  const signatureInfoIds = [await signatureInfos.insert(db, info)]
  const { id: _, ...terms } = anExportConfig({
    ...{ bucketName, filenameRoot, signatureInfoIds, periodSeconds: 3600 },
  })
  await exportConfigs.insert(db, terms)
}

const aKeyInTheWindow = () => publish(db, { createdAt: new Date('2020-10-05T09:00:00Z') })

const GIVEN: Record<string, () => Promise<unknown>> = {
  'database reachable': async () => {},
  'no export config': async () => {},
  'no batch': async () => {},
  '': async () => {},
  'one config without batches': () => addConfig(),
  'one open batch without keys': () => addBatch(),
  'one open batch, its bucket does not exist': async () => {
    await aKeyInTheWindow()
    await addBatch('missing')
  },
  'one open batch of each of two configs, their bucket does not exist': async () => {
    await aKeyInTheWindow()
    await addConfig('missing', 'ca')
    await addBatch('missing')
  },
}

/** What has to hold a lock while the request is made. */
const HELD: Record<string, string> = {
  'lock create_batches held': 'create_batches',
  'one open batch, the lock of its region held': 'US',
}

describe('as the reference server answers', () => {
  test.each(vectors.cases)('$name', async (given) => {
    if (given.given === 'database unreachable') await cutOff()
    else if (given.given in HELD) await addBatch()
    else await GIVEN[given.given]?.()
    const request = { method: given.method, url: given.path } as const
    const name = HELD[given.given]
    const reply = name ? await whileLocked(name, request) : await app.inject(request)

    expect(reply.statusCode).toBe(given.want_status)
    expect(reply.headers['content-type'] ?? null).toBe(given.want_content_type)
    expect(reply.headers.location).toBe(given.want_location)
    if (given.want_content_type === 'application/json') expectJob(reply, given)
    else expect(reply.body).toBe(given.want_body)
  })

  /** Counts may stand beside `ok`, and a failure may say more than the reference's empty objects. */
  function expectJob(reply: { body: string; statusCode: number }, { want_body, method }: HttpCase) {
    if (method === 'HEAD') return
    const body = JSON.parse(reply.body)
    if (reply.statusCode === 500) expect(body).toEqual({ error: expect.stringMatching(/./) })
    else expect(body).toMatchObject(JSON.parse(want_body))
  }

  async function whileLocked(name: string, request: { method: 'POST'; url: string } | object) {
    const lock = { name, ttlMs: 60_000, now: () => NOON }
    const outcome = await withLock(db, lock, () => app.inject(request))
    if (!outcome.ran) throw new Error('the lock was not free')
    return outcome.result
  }

  async function cutOff(): Promise<void> {
    await app.close()
    app = await service({ DB_PORT: '1' })
  }
})

describe('the service', () => {
  test('publishes an archive and its index through a folder', async () => {
    await aKeyInTheWindow()
    await addBatch()
    const reply = await app.inject({ method: 'POST', url: '/do-work' })
    expect(reply.json()).toEqual({
      ...{ ok: true, batches: 1, files: 1, postponed: 0 },
      keys: expect.toSatisfy((keys: number) => keys >= 1000 && keys <= 1100, '1000 to 1100'),
    })
    expect(readFileSync(join(root, 'exports/us/index.txt'), 'utf8')).toBe(
      'us/1601888400-1601892000-00001.zip',
    )
  })

  test('asks for the job token when there is one', async () => {
    const guarded = await service({ JOB_TOKEN: 'hunter2' })
    const status = async (authorization?: string) =>
      (
        await guarded.inject({
          ...{ method: 'POST', url: '/do-work' },
          ...(authorization && { headers: { authorization } }),
        })
      ).statusCode
    expect([
      await status(),
      await status('Bearer hunter3'),
      await status('Bearer hunter2'),
    ]).toEqual([401, 401, 200])
    await guarded.close()
  })

  test.each([
    [{ BLOBSTORE: 'NOOP' }, 'BLOBSTORE=NOOP'],
    [{ KEY_MANAGER: 'NOOP' }, 'cannot sign'],
  ])('does not start with %o, which it cannot work with', async (overrides, message) => {
    await expect(service(overrides)).rejects.toThrow(message)
  })

  test.each([
    [{ MIN_WINDOW_AGE: '29s' }, 'MIN_WINDOW_AGE: must be at least 30s'],
    [{ MIN_WINDOW_AGE: '-1s' }, 'MIN_WINDOW_AGE: must be at least 30s'],
    [{ DB_POOL_MAX_CONNS: '1' }, 'DB_POOL_MAX_CONNS: the export service needs at least 2'],
    [{ TRUNCATE_WINDOW: '25h' }, 'TRUNCATE_WINDOW: '],
    [{ EXPORT_FILE_MAX_RECORDS: '0' }, 'EXPORT_FILE_MAX_RECORDS: '],
  ])('refuses the settings %o', (overrides, message) => {
    expect(() => loadConfig(config, variables(overrides))).toThrow(message)
  })
})
