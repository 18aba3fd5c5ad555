import { readFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import type { App } from '@ens/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publishBody, sentKey, type TestServer, testServer } from './testing/test-server.ts'

interface RouteCase {
  name: string
  description: string
  request: string
  httpStatus: number
  contentType?: string
  location?: string
  body?: string
  headers?: Record<string, string>
  requestHeaders?: Record<string, string>
  wanted?: { contentType: string; body: string }
}

interface SizeCase {
  name: string
  description: string
  bytes: number
  httpStatus: number | 'decoded'
  wanted?: { httpStatus: number }
  value?: string
  fill?: string
  last?: string
  connectionClose?: boolean
}

const { routeCases, bodySizeCases }: { routeCases: RouteCase[]; bodySizeCases: SizeCase[] } =
  JSON.parse(readFileSync(new URL('../testdata/publish-http.json', import.meta.url), 'utf8'))

let server: TestServer
let port: number
let closedPort: number
let lostPort: number
beforeAll(async () => {
  server = await testServer()
  port = await listen(server.app)
  closedPort = await listen(await server.another({ variables: { MAINTENANCE_MODE: 'true' } }))
  lostPort = await listen(await server.another({ variables: { DB_PORT: '1' } }))
})
afterAll(() => server.close())

async function listen(app: App): Promise<number> {
  return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
}

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** A request as it is: the path is not made clean on the way. */
function call(method: string, path: string, headers = {}, body = '', at = port): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: at, method, path, headers, agent: false },
      (reply) => {
        let text = ''
        reply.setEncoding('utf8')
        reply.on('data', (chunk: string) => {
          text += chunk
        })
        reply.on('end', () =>
          resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: text }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

const JSON_TYPE = { 'content-type': 'application/json' }
/** These are tested where they belong, in key-rotation and jwks. */
const OF_OTHERS = /^(rotate|jwks)/

function portFor(name: string): number {
  if (name.startsWith('maintenance')) return closedPort
  return name === 'health_db_down' ? lostPort : port
}

describe('routes', () => {
  test.each(routeCases.filter(({ name }) => !OF_OTHERS.test(name)))(
    '$name: $request',
    async ({ name, request, httpStatus, location, headers, requestHeaders, ...given }) => {
      const { contentType, body } = given.wanted ?? given
      const [method = '', path = ''] = request.split(' ')
      const answer = await call(method, path, requestHeaders, '', portFor(name))
      expect(answer.status).toBe(httpStatus)
      expect(answer.headers).toMatchObject({
        ...headers,
        ...(contentType && { 'content-type': contentType }),
        ...(location && { location }),
      })
      expect(answer.body).toContain(body ?? '')
    },
  )
})

describe('the size of bodies', () => {
  test.each(bodySizeCases)('$name: $description', async (given) => {
    const wanted = given.wanted?.httpStatus ?? given.httpStatus
    const answer = await call('POST', '/v1/publish', JSON_TYPE, bodyOf(given))
    // What can be read is of no app that is known.
    expect(answer.status).toBe(wanted === 'decoded' ? 401 : wanted)
    expect(JSON.parse(answer.body).padding).toEqual(expect.any(String))
    if (given.connectionClose) expect(answer.headers.connection).toBe('close')
  })
})

test('a publish over the wire, in chunks', async () => {
  const body = JSON.stringify(publishBody([sentKey(0)]))
  const headers = { ...JSON_TYPE, 'transfer-encoding': 'chunked' }
  const { status, headers: told, body: text } = await call('POST', '/v1/publish', headers, body)
  expect(status).toBe(200)
  expect(JSON.parse(text)).toMatchObject({
    insertedExposures: 1,
    revisionToken: expect.any(String),
  })
  expect(told).toMatchObject({ 'x-api-version': 'v1', 'content-type': 'application/json' })
})

function bodyOf({ bytes, value, fill = 'A', last = '' }: SizeCase): string {
  const [start, end] = value === undefined ? ['{"padding":"', '"}'] : [value, last]
  return start + fill.repeat(bytes - start.length - end.length) + end
}
