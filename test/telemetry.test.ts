import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as admin from '@ens/admin'
import { exposures } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { aKey, anExposure } from '@ens/domain/testing'
import { openKeyManager } from '@ens/keys'
import { type ReceivedSpan, startCollector } from '@ens/observability/testing'
import { certifyKeys, makeKeys, type PhoneKey } from '@ens/phone'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { APP, addAuthority, BUCKET, databaseVariables } from './fleet.ts'
import { type RunningService, runService } from './running-service.ts'

/*
 * A phone publishes and a scheduler exports, with the services as processes that trace everything, as production runs them.
 * What leaves them is looked at as a whole: traces, metrics and logs.
 */

const HOUR_MS = 3_600_000
const JOB_TOKEN = 'token-of-the-scheduler'
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SCHEDULER_SPAN = '00f067aa0ba902b7'
const PHONES_TRACE = '0af7651916cd43dd8448eb211c80319c'

let db: TestDatabase
let folder: string
let collector: Awaited<ReturnType<typeof startCollector>>
let exposure: RunningService
let exporter: RunningService
let keys: PhoneKey[]
let certificate: ReturnType<typeof certifyKeys>
let reply: { revisionToken: string }
let logs: Record<string, unknown>[]

beforeAll(async () => {
  db = await testDatabase()
  folder = await mkdtemp(join(tmpdir(), 'telemetry '))
  collector = await startCollector()
  const issuer = await setUp()
  await startServices()
  const now = new Date()
  keys = makeKeys({ days: 3, now })
  certificate = certifyKeys(issuer, { reportType: 'confirmed' }, keys, { now })
  reply = await publishAsPhone()
  await callAsScheduler('/create-batches')
  await callAsScheduler('/do-work')
  await exposure.stop() // sends the last telemetry
  await exporter.stop()
  logs = [...exposure.lines, ...exporter.lines]
}, 120_000)
afterAll(async () => {
  await Promise.all([exposure?.stop(), exporter?.stop()])
  collector?.close()
  await db?.close()
  await rm(folder, { recursive: true, force: true })
})

/** An authority, an app, and an export of which a window has closed, with a key in it. */
async function setUp() {
  const start = new Date(Date.now() - 3 * HOUR_MS)
  await mkdir(join(folder, 'blobs', BUCKET), { recursive: true })
  const root = join(folder, 'keys')
  const keyManager = await openKeyManager({ keyManager: 'FILESYSTEM', filesystemRoot: root })
  const deps = { db, now: () => start, keyManager }
  const issuer = await addAuthority(deps, start)
  await admin.createEncryptionKey(keyManager, 'system/revision')
  const { versionId } = await admin.createSigningKey(keyManager, 'system/export')
  const signer = { signingKey: versionId, keyId: '310', keyVersion: 'v1' }
  await admin.createExportConfig(deps, {
    bucketName: BUCKET,
    filenameRoot: 'mx',
    periodSeconds: 3600,
    outputRegion: 'MX',
    signatureInfoIds: [await admin.createSignatureInfo(deps, signer)],
    from: new Date(start.getTime() - 1),
  })
  await storeKeys()
  return issuer
}

/** In the window that the first run exports: the last that has closed, or the next should that one close meanwhile. */
async function storeKeys(): Promise<void> {
  const lastEnd = Math.floor((Date.now() - 60_000) / HOUR_MS) * HOUR_MS
  const inserts = [-0.5, 0.5].map((hours, index) =>
    anExposure({
      key: aKey(index),
      regions: ['MX'],
      createdAt: new Date(lastEnd + hours * HOUR_MS),
      localProvenance: true,
    }),
  )
  await db.transaction((tx) =>
    exposures.write(tx, { inserts, revisions: [], statistics: undefined }),
  )
}

async function startServices(): Promise<void> {
  const common = {
    ...databaseVariables(db),
    OBSERVABILITY_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    TRACE_PROBABILITY: '1',
    LOG_LEVEL: 'DEBUG',
    KEY_MANAGER: 'FILESYSTEM',
    KEY_FILESYSTEM_ROOT: join(folder, 'keys'),
  }
  exposure = await runService('exposure', {
    ...common,
    REVISION_TOKEN_KEY_ID: 'system/revision',
    REVISION_TOKEN_AAD: randomBytes(16).toString('base64'),
  })
  exporter = await runService('export', {
    ...common,
    JOB_TOKEN,
    BLOBSTORE: 'FILESYSTEM',
    BLOBSTORE_FILESYSTEM_ROOT: join(folder, 'blobs'),
    MIN_WINDOW_AGE: '30s',
    EXPORT_FILE_MIN_RECORDS: '0',
    EXPORT_FILE_PADDING_RANGE: '0',
  })
}

/** With all that a phone, and what stands before the service, may tell of a person. */
async function publishAsPhone() {
  const answer = await fetch(`${exposure.url}/v1/publish?email=person@example.org`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Phone-of-a-Person/1.0',
      'x-forwarded-for': '203.0.113.7',
      traceparent: `00-${PHONES_TRACE}-b7ad6b7169203331-01`,
    },
    body: JSON.stringify({ temporaryExposureKeys: keys, healthAuthorityID: APP, ...certificate }),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as { revisionToken: string }
}

async function callAsScheduler(path: string): Promise<void> {
  const answer = await fetch(exporter.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${JOB_TOKEN}`,
      traceparent: `00-${TRACE}-${SCHEDULER_SPAN}-01`,
    },
  })
  expect(await answer.json()).toMatchObject({ ok: true })
}

/** The trace of the request of this name, its spans beginning with the request's own. */
function traceOf(request: string): ReceivedSpan[] {
  const root = collector.spans().find(({ name }) => name === request)
  expect(root, `${request} is not traced`).toBeDefined()
  const others = collector.spans().filter((span) => span.traceId === root?.traceId && span !== root)
  return root ? [root, ...others] : []
}

const namesOf = (spans: readonly ReceivedSpan[]) => spans.map(({ name }) => name)

test('a publish is one trace of ours, from the request to the statement', () => {
  const [request, ...rest] = traceOf('POST /v1/publish')
  expect(request?.parentSpanId ?? '').toBe('')
  expect(namesOf(rest).join()).toMatch(/pg\.query:/)
  const known = new Set([request, ...rest].map((span) => span?.spanId))
  for (const span of rest) expect(known).toContain(span.parentSpanId)
})

test('a run of a job goes on with the trace of its scheduler, down to the store and the signer', () => {
  const [batches] = traceOf('POST /create-batches')
  expect(batches).toMatchObject({ traceId: TRACE, parentSpanId: SCHEDULER_SPAN })
  const [work, ...rest] = traceOf('POST /do-work')
  expect(work).toMatchObject({ traceId: TRACE, parentSpanId: SCHEDULER_SPAN })
  expect(namesOf(rest)).toEqual(
    expect.arrayContaining(['storage.create', 'storage.get', 'keys.signer', 'keys.sign']),
  )
  expect(namesOf(rest).join()).toMatch(/pg\.query:/)
})

test('what was counted arrives: the publish, and the progress of each job', () => {
  const metrics = JSON.stringify(collector.bodies('metrics'))
  for (const name of ['exposures_count', 'publish_requests', 'job/last_success', 'job/runs_count'])
    expect(metrics).toContain(`"name":"en-server/${name}"`)
  for (const job of ['create-batches', 'do-work']) expect(metrics).toContain(`"${job}"`)
})

test('each line of a request carries its id and its trace, whoever wrote it', () => {
  const stored = logs.find(({ message }) => message === 'publish stored')
  expect(stored).toMatchObject({
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    trace_id: traceOf('POST /v1/publish')[0]?.traceId,
    span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
  })
  const written = logs.find(({ message }) => message === 'archive written')
  const done = logs.find(({ message, job }) => message === 'job done' && job === 'do-work')
  expect(written).toMatchObject({ request_id: done?.request_id, trace_id: TRACE })
  expect(done).toMatchObject({ request_id: expect.any(String), trace_id: TRACE })
})

test('nothing that leaves the services tells of a person, a key, a certificate or a secret', () => {
  const telemetry = JSON.stringify([collector.bodies('traces'), collector.bodies('metrics')])
  expect(telemetry.length).toBeGreaterThan(5_000)
  const [, payload = '', signature = ''] = certificate.verificationPayload.split('.')
  const secrets = {
    ...Object.fromEntries(keys.map(({ key }, index) => [`key ${index}`, key])),
    ...Object.fromEntries(
      keys.map(({ key }, index) => [
        `key ${index} in hex`,
        Buffer.from(key, 'base64').toString('hex'),
      ]),
    ),
    'key that is exported': Buffer.from(aKey(0)).toString('base64'),
    'key that may be exported': Buffer.from(aKey(1)).toString('base64'),
    'HMAC key': certificate.hmacKey,
    'certificate, its claims': payload,
    'certificate, its signature': signature,
    'revision token': reply.revisionToken,
    'token of the scheduler': JOB_TOKEN,
    'password of the database': db.config.password ?? 'no password',
    'address of the client': '203.0.113.7',
    'user agent': 'Phone-of-a-Person',
    query: 'person@example.org',
    'trace of the phone': PHONES_TRACE,
  }
  const logged = JSON.stringify(logs)
  for (const [what, secret] of Object.entries(secrets)) {
    expect(telemetry, `${what} is in a trace or a metric`).not.toContain(secret)
    expect(logged, `${what} is in the log`).not.toContain(secret)
  }
  const told = new Set(
    collector.spans().flatMap(({ attributes }) => attributes.map(({ key }) => key)),
  )
  expect(
    [...told].filter((name) => /client|peer|user_agent|header|url\.(full|path|query)/.test(name)),
  ).toEqual([])
})
