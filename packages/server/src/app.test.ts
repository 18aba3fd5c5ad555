import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { AppError } from '@ens/errors'
import { type LogLine, recordingLogger } from '@ens/observability/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type App, createApp } from './app.ts'
import type { ServerConfig } from './config.ts'
import { dial as dialPort, testServerConfig } from './testing.ts'

let app: App
let lines: LogLine[]
let healthy: () => Promise<unknown>

async function open(server: Partial<ServerConfig> = {}) {
  const recording = await recordingLogger()
  lines = recording.lines
  healthy = async () => 'well'
  app = createApp({
    server: testServerConfig(server),
    logger: recording.logger,
    ready: () => healthy(),
    projectId: 'my-project',
  })
}

beforeEach(() => open())
afterEach(() => app.close())

describe('health', () => {
  test('is exactly what the reference server answers, for any method', async () => {
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      const reply = await app.inject({ method, url: '/health' })
      expect(reply.statusCode).toBe(200)
      expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8')
      expect(reply.body).toBe('{"status": "ok"}')
    }
  })

  test('tells of a database out of reach, and the process lives on', async () => {
    healthy = () => Promise.reject(new Error('gone'))
    const reply = await app.inject('/health')
    expect(reply.statusCode).toBe(500)
    expect(reply.body).toBe('Internal Server Error\n')
    expect(reply.headers['x-content-type-options']).toBe('nosniff')
    expect((await app.inject('/readyz')).statusCode).toBe(503)
    expect((await app.inject('/livez')).statusCode).toBe(200)
  })

  test('looks once for many that ask, good news or bad', async () => {
    let looks = 0
    healthy = () => {
      looks++
      return Promise.reject(new Error('gone'))
    }
    const statuses = await Promise.all([1, 2, 3].map(() => app.inject('/health')))
    expect(statuses.map(({ statusCode }) => statusCode)).toEqual([500, 500, 500])
    expect(looks).toBe(1)
  })
})

describe('paths', () => {
  test('an unknown path, or a trailing slash, is not found', async () => {
    for (const url of ['/nowhere', '/health/', '/HEALTH']) {
      const reply = await app.inject(url)
      expect(reply.statusCode).toBe(404)
      expect(reply.body).toBe('404 page not found\n')
      expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8')
    }
  })

  test('an encoded slash is a slash, in the path only', async () => {
    app.get('/a/b', async (request) => request.url)
    expect((await app.inject('/a%2Fb?x=%2f')).body).toBe('/a/b?x=%2f')
    expect((await app.inject('/a%2fb')).statusCode).toBe(200)
  })

  test.each([
    ['//health', '/health'],
    ['/a//health?x=//y', '/a/health?x=//y'],
    ['/a/../health', '/health'],
    ['/a/./b', '/a/b'],
    ['/a/b/..', '/a'],
    ['//a/b/', '/a/b/'],
    ['/../..//', '/'],
  ])('%s is redirected to %s', async (url, location) => {
    const reply = await talk(`GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect(reply).toMatch(/^HTTP\/1.1 301 /)
    expect(/^location: (.*)\r$/m.exec(reply)?.[1]).toBe(location)
  })
})

describe('errors', () => {
  test.each([
    ['invalid', 400, 'nonsense'],
    ['unauthenticated', 401, 'nonsense'],
    ['forbidden', 403, 'nonsense'],
    ['not-found', 404, 'nonsense'],
    ['conflict', 409, 'nonsense'],
    ['unavailable', 503, 'nonsense'],
    ['internal', 500, 'internal error'],
  ] as const)('of kind %s are answered %d', async (kind, status, error) => {
    app.get('/fails', async () => {
      throw new AppError(kind, 'some_code', 'nonsense')
    })
    const reply = await app.inject('/fails')
    expect(reply.statusCode).toBe(status)
    expect(reply.json()).toEqual({ code: 'some_code', error })
    expect(reply.headers['retry-after']).toBe(status === 503 ? '10' : undefined)
  })

  test('that nobody expected tell the client nothing, and the log everything', async () => {
    app.get('/fails', async () => {
      throw new Error('password is hunter2')
    })
    const reply = await app.inject('/fails')
    expect(reply.statusCode).toBe(500)
    expect(reply.json()).toEqual({ code: 'internal_error', error: 'internal error' })
    expect(lines).toContainEqual(
      expect.objectContaining({
        severity: 'ERROR',
        message: 'request failed',
        err: expect.objectContaining({
          cause: expect.objectContaining({ message: 'password is hunter2' }),
        }),
      }),
    )
  })

  test('of a body that does not fit its schema are bad requests', async () => {
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) =>
      done(null, JSON.parse(String(body))),
    )
    app.post('/typed', { schema: { body: z.object({ n: z.number() }) } }, async () => 'fine')
    const reply = await app.inject({ method: 'POST', url: '/typed', payload: { n: 'x' } })
    expect(reply.statusCode).toBe(400)
    expect(reply.json()).toMatchObject({ code: 'invalid_request' })
  })
})

test('each log line of a request carries an id of ours, never the client’s, and the trace', async () => {
  app.get('/logs', async (request) => {
    request.log.info('hello')
    return 'ok'
  })
  await app.inject({
    url: '/logs',
    headers: {
      'x-request-id': 'chosen-by-client',
      'request-id': 'chosen-by-client',
      'x-cloud-trace-context': '105445aa7843bc8bf206b12000100000/1;o=1',
    },
  })
  const line = lines.find(({ message }) => message === 'hello')
  expect(line).toMatchObject({
    service: 'test',
    request_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/),
    'logging.googleapis.com/trace': 'projects/my-project/traces/105445aa7843bc8bf206b12000100000',
  })
  expect(JSON.stringify(lines)).not.toMatch(/chosen-by-client|127\.0\.0\.1/)
})

test('a line that another logger writes for a request carries its id too, and lines in between carry none', async () => {
  const { logger, lines } = await recordingLogger()
  const service = createApp({ server: testServerConfig(), logger, ready: async () => 'well' })
  service.addContentTypeParser('text/plain', { parseAs: 'string' }, (_, body, done) =>
    done(null, body),
  )
  service.post('/store', async (request) => {
    request.log.info('asked')
    logger.info({ bytes: String(request.body).length }, 'stored')
    return request.id
  })
  const url = await service.listen({ port: 0, host: '127.0.0.1' })
  const stored = await Promise.all(
    ['a', 'bb'.repeat(50_000)].map(async (body) =>
      (await fetch(`${url}/store`, { method: 'POST', body })).text(),
    ),
  )
  logger.info('in between')
  await service.close()
  for (const [index, bytes] of [1, 100_000].entries())
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'stored', bytes, request_id: stored[index] }),
    )
  const asked = lines.filter(({ message }) => message === 'asked')
  expect(asked.map(({ request_id }) => request_id).sort()).toEqual([...stored].sort())
  expect(lines.find(({ message }) => message === 'in between')).not.toHaveProperty('request_id')
})

/** What the server sent until it closed the connection. */
async function talk(text: string): Promise<string> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  let received = ''
  socket.on('data', (data) => {
    received += data
  })
  socket.write(text)
  await once(socket, 'close')
  return received
}

describe('clients that dawdle', () => {
  test('over the headers are cut off', async () => {
    await app.close()
    await open({ headersTimeoutMs: 50, requestTimeoutMs: 100 })
    expect(await talk('GET /health HTTP/1.1\r\nHost: x\r\n')).toMatch(/^(HTTP\/1\.1 408|$)/)
  })

  test('over the body are cut off', async () => {
    await app.close()
    await open({ headersTimeoutMs: 50, requestTimeoutMs: 100 })
    app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_, body, done) =>
      done(null, body),
    )
    app.post('/body', async () => 'read')
    const request =
      'POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nabc'
    expect(await talk(request)).not.toContain('read')
  })
})

const dial = (text: string) => dialPort((app.server.address() as AddressInfo).port, text)

const WHOLE = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'

describe('while stopping', () => {
  test.each([
    ['no request', '', ''],
    ['half the headers of a request', 'GET /livez HTTP/1.1\r\nHost', ''],
    [
      'half a body',
      'POST /livez HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\nabc',
      '100 Continue',
    ],
  ])('a connection with %s is cut, and not waited for', async (_, sent, wanted) => {
    app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    )
    let isClosed = false
    app.addHook('onClose', async () => {
      isClosed = true
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { answered, closed } = dial(WHOLE + sent)
    await answered(wanted || 'ok\n')
    await app.close()
    await closed
    expect(isClosed).toBe(true)
  })

  test('a request in hand is answered, though the next one behind it is not whole', async () => {
    const begun = Promise.withResolvers<void>()
    const end = Promise.withResolvers<void>()
    app.get('/slow', async () => {
      begun.resolve()
      await end.promise
      return 'done'
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const slow = dial(`${WHOLE.replace('livez', 'slow')}GET /livez HTT`)
    const half = dial(`${WHOLE}GET /livez HTT`)
    await Promise.all([begun.promise, half.answered('ok\n')])
    const stopped = app.close()
    await half.closed
    end.resolve()
    await Promise.all([stopped, slow.closed])
    expect(slow.received()).toMatch(/connection: close.*done$/is)
  })
})

test('connections beyond the bound are closed at once, and the others are served', async () => {
  await app.close()
  await open({ maxConnections: 2 })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const served = [dial(WHOLE), dial(WHOLE)]
  await Promise.all(served.map(({ answered }) => answered('ok\n')))
  const beyond = dial(WHOLE)
  await beyond.closed
  expect(beyond.received()).toBe('')
  for (const { socket } of served) socket.write(WHOLE)
  await Promise.all(served.map(({ answered }) => answered('ok\nHTTP/1.1 200')))
  expect(app.server.maxConnections).toBe(2)
})
