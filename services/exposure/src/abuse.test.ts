import type { AddressInfo } from 'node:net'
import { sql } from '@ens/database'
import { type RecordedCounts, recordCounts } from '@ens/observability/testing'
import type { App } from '@ens/server'
import { type Dialled, dial } from '@ens/server/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  publishBody,
  publishTo,
  type Reply,
  sentKey,
  statsToken,
  type TestServer,
  testServer,
} from './testing/test-server.ts'

let server: TestServer
let counts: RecordedCounts
beforeAll(async () => {
  counts = recordCounts()
  server = await testServer()
})
afterAll(async () => {
  await server.close()
  counts.close()
})
beforeEach(() => server.db.execute(sql`truncate exposure, publish_event`))

const CHAFF = { 'x-chaff': '1' }

describe('an instance with too much to do', () => {
  let busy: App
  beforeAll(async () => {
    const variables = { MAX_REQUESTS_IN_HAND: '3', ENABLE_V1ALPHA1_API: 'true' }
    busy = await server.another({ variables })
    await publishTo(busy, publishBody([sentKey(90)]))
  })

  /** While three publishes wait for the database. */
  async function whileBusy<T>(work: () => Promise<T>): Promise<{ told: T; replies: Reply[] }> {
    const waiting = await server.db.transaction(async (tx) => {
      await tx.execute(sql`lock table exposure`)
      const publishes = [1, 2, 3].map((n) => publishTo(busy, publishBody([sentKey(n)])))
      await expect.poll(waitingForLock, { interval: 5 }).toBe(3)
      return { publishes, told: await work() }
    })
    return { told: waiting.told, replies: await Promise.all(waiting.publishes) }
  }

  test('tells publish and chaff the same: 503, come back later; what was begun is stored', async () => {
    const { told, replies } = await whileBusy(async () => [
      await publishTo(busy, publishBody([sentKey(4)])),
      await publishTo(busy, publishBody([sentKey(4)]), CHAFF),
      await publishTo(busy, 'nonsense', { 'content-type': 'text/plain' }),
    ])
    for (const { status, headers, body } of told) {
      expect(status).toBe(503)
      expect(headers).toMatchObject({
        'x-api-version': 'v1',
        'content-type': 'application/json',
        'retry-after': expect.stringMatching(/^\d+$/),
      })
      expect(body).toEqual({
        code: 'internal_error',
        error: told[0]?.body.error,
        padding: expect.any(String),
      })
      expect(body.padding?.length).toBeGreaterThanOrEqual(1368)
    }
    expect(new Set(told.map(({ headers }) => Object.keys(headers).join()))).toHaveLength(1)
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
  })

  test('tells users of the old API and of the statistics the same in their words', async () => {
    const { told } = await whileBusy(async () => [
      await publishTo(busy, {}, {}, '/'),
      await publishTo(busy, {}, { authorization: statsToken(server.clock.at) }, '/v1/stats'),
    ])
    expect(told).toMatchObject([
      { status: 503, headers: { 'x-api-version': 'v1alpha' }, body: { revisionToken: '' } },
      { status: 503, body: { code: 'internal_error', padding: expect.any(String) } },
    ])
    expect(told[0]?.body).not.toHaveProperty('code')
    expect(told[1]?.headers['retry-after']).toMatch(/^\d+$/)
  })

  test('is not down: as soon as it takes publishes again, it takes chaff again', async () => {
    await whileBusy(() => publishTo(busy, publishBody([sentKey(4)])))
    expect((await publishTo(busy, 'x', CHAFF)).status).toBe(200)
    expect((await publishTo(busy, publishBody([sentKey(4)]))).status).toBe(200)
  })

  test('has chaff in hand like publishes while it is held back, and goes on answering probes', async () => {
    const chaff = Array.from({ length: 50 }, () => publishTo(busy, 'x', CHAFF))
    const statuses = (await Promise.all(chaff)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200, 503]))
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(3)
    const { told } = await whileBusy(async () => (await busy.inject('/livez')).statusCode)
    expect(told).toBe(200)
  })

  test('does no work for what it refuses, and counts it', async () => {
    const before = await counts.of('en-server/requests_shed_count', { reason: 'IN_HAND' })
    const chaff = await counts.of('en-server/chaff_count')
    const parsed = await counts.of('en-server/publish_results_count')
    await whileBusy(async () => {
      for (let i = 0; i < 10; i++) await publishTo(busy, publishBody([sentKey(4)]), CHAFF)
    })
    expect(await counts.of('en-server/requests_shed_count', { reason: 'IN_HAND' })).toBe(
      before + 10,
    )
    expect(await counts.of('en-server/chaff_count')).toBe(chaff)
    expect(await counts.of('en-server/publish_results_count')).toBe(parsed + 3)
  })

  async function waitingForLock(): Promise<number | undefined> {
    const [row] = await server.db.query<{ n: number }>(sql`
      select count(*) as n from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`)
    return row?.n
  }
})

describe('an address that asks too often', () => {
  test('is told 429 as in maintenance, whether it publishes or sends chaff', async () => {
    const strict = await server.another({ variables: { RATE_LIMIT_PER_ADDRESS: '2' } })
    expect((await publishTo(strict, publishBody([sentKey(0)]))).status).toBe(200)
    expect((await publishTo(strict, 'x', CHAFF)).status).toBe(200)
    for (const headers of [{}, CHAFF]) {
      const reply = await strict.inject({ method: 'POST', url: '/v1/publish', headers })
      expect([reply.statusCode, reply.body]).toEqual([429, '{"error": "please try again later"}'])
      expect(reply.headers).toMatchObject({
        'content-type': 'application/json',
        'retry-after': expect.stringMatching(/^\d+$/),
      })
    }
    expect((await strict.inject('/v1/stats')).statusCode).toBe(429)
    expect((await strict.inject('/health')).statusCode).toBe(200)
    expect(JSON.stringify(server.lines)).not.toContain('127.0.0.1')
  })

  test('is not looked at unless that was asked for', async () => {
    const replies = await Promise.all(
      Array.from({ length: 200 }, () => publishTo(server.app, 'x', CHAFF)),
    )
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
  })
})

describe('clients that send as slowly as they can', () => {
  let slow: App
  let port: number
  const HEAD = 'POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
  beforeAll(async () => {
    const variables = {
      HTTP_HEADERS_TIMEOUT: '1s',
      HTTP_REQUEST_TIMEOUT: '1500ms',
      MAX_REQUESTS_IN_HAND: '3',
    }
    slow = await server.another({ variables })
    await slow.listen({ host: '127.0.0.1', port: 0 })
    port = (slow.server.address() as AddressInfo).port
  })

  /** Sends a byte now and then, for as long as anybody takes it. */
  function trickle(start: string, byte: string): Dialled {
    const client = dial(port, start)
    const timer = setInterval(() => client.socket.write(byte), 20)
    client.socket.once('close', () => clearInterval(timer))
    return client
  }

  test.each([
    ['the headers', () => trickle(`${HEAD}X-Padding: `, 'a')],
    ['header after header', () => trickle(HEAD, 'a: b\r\n')],
    ['the body', () => trickle(`${HEAD}Content-Length: 100000\r\n\r\n`, ' ')],
    ['the body of chaff', () => trickle(`${HEAD}X-Chaff: 1\r\nContent-Length: 1000\r\n\r\n`, ' ')],
    ['chunks', () => trickle(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n')],
    ['nothing at all', () => dial(port, '')],
  ])('over %s are cut off, and meanwhile hinder nobody', async (_, open) => {
    const dawdlers = Array.from({ length: 50 }, open)
    const reply = await post(publishBody([sentKey(0)]))
    expect(reply).toMatch(/^HTTP\/1\.1 200 /)
    await Promise.all(dawdlers.map(({ closed }) => closed))
    for (const { received } of dawdlers) expect(received()).toMatch(/^(HTTP\/1\.1 408 .*|)$/s)
  })

  async function post(body: object): Promise<string> {
    const text = JSON.stringify(body)
    const head = `${HEAD}Connection: close\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`
    const client = dial(port, head + text)
    await client.closed
    return client.received()
  }
})
