import type { AddressInfo } from 'node:net'
import {
  type LogLine,
  type RecordedCounts,
  recordCounts,
  recordingLogger,
} from '@ens/observability/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type App, createApp } from './app.ts'
import type { LimitsConfig } from './config.ts'
import { guardRoutes, type Refusals } from './guard.ts'
import { dial, testLimits, testServerConfig } from './testing.ts'

let app: App
let lines: LogLine[]
let counts: RecordedCounts
/** Ends the work of every request in hand. */
let finish: () => void
let inHand: number
let mostInHand: number

const refusals: Refusals = {
  overloaded: (reply) => reply.code(503).send('busy'),
  limited: (reply, seconds) => reply.code(429).header('retry-after', seconds).send('slow down'),
}

/** `/work` takes until it is told to finish, `/quick` no time. */
async function open(limits: Partial<LimitsConfig>): Promise<void> {
  const recording = await recordingLogger()
  lines = recording.lines
  const bounds = testLimits(limits)
  app = createApp({
    server: testServerConfig(),
    logger: recording.logger,
    ready: async () => 'well',
    trustedProxies: bounds.trustedProxies,
  })
  const finished = Promise.withResolvers<string>()
  finish = () => finished.resolve('done')
  inHand = 0
  mostInHand = 0
  const work = async () => {
    mostInHand = Math.max(mostInHand, ++inHand)
    await finished.promise
    inHand--
    return 'done'
  }
  const guard = await guardRoutes(app, bounds)
  await app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body))
    guard.watch(scope, refusals)
    scope.all('/work', (_, reply) => guard.run(reply, refusals, work))
    scope.all('/quick', (_, reply) => guard.run(reply, refusals, async () => 'done'))
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
}

beforeEach(() => {
  counts = recordCounts()
})
afterEach(async () => {
  finish()
  await app.close()
  counts.close()
})

const port = () => (app.server.address() as AddressInfo).port
const request = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`
const isBusyWith = (wanted: number) => expect.poll(() => inHand, { interval: 2 }).toBe(wanted)

describe('an instance that has enough to do', () => {
  beforeEach(() => open({ maxInHand: 2 }))

  test('refuses what comes beyond, and takes on more once it is done', async () => {
    const taken = [dial(port(), request('/work')), dial(port(), request('/work'))]
    await isBusyWith(2)
    expect((await app.inject('/quick')).statusCode).toBe(503)
    finish()
    await Promise.all(taken.map(({ answered }) => answered('done')))
    expect((await app.inject('/quick')).statusCode).toBe(200)
    expect(await counts.of('en-server/requests_shed_count', { reason: 'IN_HAND' })).toBe(1)
  })

  test('refuses before it has read a body, and keeps the connection usable', async () => {
    const taken = [dial(port(), request('/work')), dial(port(), request('/work'))]
    await isBusyWith(2)
    const beyond = dial(port(), request('/work', 'Content-Length: 5\r\n'))
    await beyond.answered('busy')
    finish()
    await Promise.all(taken.map(({ answered }) => answered('done')))
    beyond.socket.write(`12345${request('/quick')}`)
    await beyond.answered('done')
    expect(beyond.received()).toMatch(/503 .*busy.*200 .*done/s)
  })

  test('refuses one that took so long to send its body that others came', async () => {
    const slow = dial(port(), request('/work', 'Expect: 100-continue\r\nContent-Length: 5\r\n'))
    await slow.answered('100 Continue')
    const taken = [dial(port(), request('/work')), dial(port(), request('/work'))]
    await isBusyWith(2)
    slow.socket.write('12345')
    await slow.answered('busy')
    expect(taken.map(({ received }) => received())).toEqual(['', ''])
  })

  test('never has more in hand, however many one connection sends without waiting', async () => {
    const { socket, received } = dial(port(), request('/work').repeat(200))
    await isBusyWith(2)
    finish()
    await expect.poll(() => received().match(/HTTP\/1\.1 \d+/g)?.length, { interval: 5 }).toBe(200)
    expect(mostInHand).toBe(2)
    expect(received().match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    socket.destroy()
  })

  test('is busy with what was begun, also when its caller has hung up', async () => {
    const taken = [dial(port(), request('/work')), dial(port(), request('/work'))]
    await isBusyWith(2)
    for (const { socket } of taken) socket.destroy()
    await Promise.all(taken.map(({ closed }) => closed))
    expect((await app.inject('/quick')).statusCode).toBe(503)
    finish()
    await isBusyWith(0)
    expect((await app.inject('/quick')).statusCode).toBe(200)
  })

  test('still answers probes, and says in the log that it refuses, once', async () => {
    const taken = [dial(port(), request('/work')), dial(port(), request('/work'))]
    await isBusyWith(2)
    for (let i = 0; i < 20; i++) await app.inject('/quick')
    expect((await app.inject('/livez')).statusCode).toBe(200)
    expect((await app.inject('/readyz')).statusCode).toBe(200)
    expect(lines.filter(({ message }) => message?.includes('too much to do'))).toMatchObject([
      { severity: 'WARNING', refused: 1, reason: 'IN_HAND' },
    ])
    expect(taken).toHaveLength(2)
  })
})

test('a process that comes round too late refuses, until it is in time again', async () => {
  await open({ maxEventLoopDelayMs: 300 })
  const status = async () => (await app.inject('/quick')).statusCode
  expect(await status()).toBe(200)
  const end = performance.now() + 1500
  while (performance.now() < end);
  await expect.poll(status, { interval: 20, timeout: 5000 }).toBe(503)
  await expect.poll(status, { interval: 20, timeout: 10_000 }).toBe(200)
  expect(
    await counts.of('en-server/requests_shed_count', { reason: 'EVENT_LOOP' }),
  ).toBeGreaterThan(0)
})

describe('an address', () => {
  type Call = [address: string, forwardedFor?: string]
  const call = ([remoteAddress, forwardedFor]: Call) =>
    app.inject({
      url: '/quick',
      remoteAddress,
      ...(forwardedFor !== undefined && { headers: { 'x-forwarded-for': forwardedFor } }),
    })
  /** One after the other. */
  const statuses = async (...calls: Call[]) => {
    const found: number[] = []
    for (const one of calls) found.push((await call(one)).statusCode)
    return found
  }

  test('that asks too often is refused, and told when to come back; others are not', async () => {
    await open({ maxPerAddress: 2 })
    expect(await statuses(['192.0.2.1'], ['192.0.2.1'], ['192.0.2.2'])).toEqual([200, 200, 200])
    const refused = await call(['192.0.2.1'])
    expect([refused.statusCode, refused.body]).toEqual([429, 'slow down'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await call(['::ffff:192.0.2.1'])).statusCode).toBe(429)
    expect(Object.keys(refused.headers).join()).not.toContain('ratelimit')
    expect(await counts.of('en-server/requests_limited_count')).toBe(2)
    expect(JSON.stringify(lines)).not.toContain('192.0.2')
  })

  test('of IPv6 counts with all of its /64 network, the next network apart', async () => {
    await open({ maxPerAddress: 1 })
    expect(
      await statuses(['2001:db8:0:1::1'], ['2001:db8:0:1:ffff::2'], ['2001:db8:0:2::1']),
    ).toEqual([200, 429, 200])
    expect(await statuses(['fe80::1%eth0'], ['fe80::2%eth0'])).toEqual([200, 429])
  })

  test('is that of the connection, whatever the headers say, unless a proxy is trusted', async () => {
    await open({ maxPerAddress: 1 })
    expect(await statuses(['192.0.2.1', '198.51.100.1'], ['192.0.2.1', '198.51.100.2'])).toEqual([
      200, 429,
    ])
  })

  test('behind a trusted proxy is the last that the proxy does not know', async () => {
    await open({ maxPerAddress: 1, trustedProxies: ['10.0.0.0/8'] })
    expect(
      await statuses(
        ['10.0.0.1', '198.51.100.1'],
        ['10.0.0.1', '198.51.100.2'],
        // What the phone itself wrote stands before it.
        ['10.0.0.2', '203.0.113.9, 198.51.100.1, 10.1.1.1'],
        // Others than the proxy are not believed.
        ['192.0.2.1', '198.51.100.3'],
        ['192.0.2.1', '198.51.100.4'],
      ),
    ).toEqual([200, 200, 429, 200, 429])
  })

  test('is the same whatever its port, where the proxy tells it', async () => {
    await open({ maxPerAddress: 1, trustedProxies: ['10.0.0.0/8'] })
    expect(
      await statuses(
        ['10.0.0.1', '198.51.100.1:50001'],
        ['10.0.0.1', '198.51.100.1:50002'],
        ['10.0.0.1', '[2001:db8::1]:50001'],
        ['10.0.0.1', '[2001:db8::2]'],
      ),
    ).toEqual([200, 429, 200, 429])
  })

  test('that is none, because a proxy passed on nonsense, counts as the proxy', async () => {
    await open({ maxPerAddress: 1, trustedProxies: ['10.0.0.0/8'] })
    expect(await statuses(['10.0.0.1', 'nonsense'], ['10.0.0.1', 'x'.repeat(8000)])).toEqual([
      200, 429,
    ])
  })
})
