import type { ServerResponse } from 'node:http'
import type { LookupFunction } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FetchOptions, fetchDocument } from './fetch-document.ts'
import { isPublicAddress } from './public-addresses.ts'
import { type Issuer, startIssuer } from './testing/issuer.ts'

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

const options: FetchOptions = {
  timeoutMs: 10_000,
  maxBytes: 1000,
  isAllowed: () => true,
  signal: new AbortController().signal,
}
const fetchFrom = (path: string, overrides: Partial<FetchOptions> = {}) =>
  fetchDocument(issuer.url(path), { ...options, ...overrides })

/** A name that resolves to these addresses in turn. */
function resolvesTo(...turns: string[]): LookupFunction {
  return (_, { all }, callback) => {
    const address = turns.shift() ?? ''
    const family = address.includes(':') ? 6 : 4
    if (all) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
}

test('a document arrives whole', async () => {
  const document = 'ü'.repeat(500)
  issuer.publish('/whole', document)
  expect((await fetchFrom('/whole')).toString()).toBe(document)
})

test('redirects are followed, also to another path of the same server', async () => {
  issuer.publish('/target', 'here')
  issuer.answer('/once', (_, response) => response.writeHead(302, { location: '/target' }).end())
  issuer.answer('/twice', (_, response) =>
    response.writeHead(308, { location: issuer.url('/once') }).end(),
  )
  expect((await fetchFrom('/twice')).toString()).toBe('here')
})

test('a user and password of the address are sent to its server, and to no other', async () => {
  const seen: unknown[] = []
  const other = await startIssuer()
  other.answer('/', (request, response) => {
    seen.push(request.headers.authorization)
    response.end()
  })
  issuer.answer('/secret', (request, response) => {
    seen.push(request.headers.authorization)
    response.writeHead(302, { location: other.url('/') }).end()
  })
  await fetchDocument(issuer.url('/secret').replace('//', '//user:pass@'), options)
  await other.close()
  expect(seen).toEqual([`Basic ${Buffer.from('user:pass').toString('base64')}`, undefined])
})

test.each([
  ['is not found', 404, 'jwks_wrong_status'],
  ['is out of order', 500, 'jwks_wrong_status'],
  ['is empty', 204, 'jwks_wrong_status'],
  ['has not changed since nothing', 304, 'jwks_wrong_status'],
  ['redirects to nowhere', 302, 'jwks_redirect_refused'],
])('an address that %s (%i) is an error', async (_, status, code) => {
  issuer.answer('/status', (__, response) => response.writeHead(status).end())
  await expect(fetchFrom('/status')).rejects.toMatchObject({ code })
})

test('a redirect loop ends', async () => {
  issuer.answer('/loop', (_, response) => response.writeHead(301, { location: '/loop' }).end())
  const before = issuer.asked.length
  await expect(fetchFrom('/loop')).rejects.toMatchObject({ code: 'jwks_redirect_refused' })
  expect(issuer.asked.length - before).toBe(4)
})

test.each([
  'file:///etc/passwd',
  'ftp://gov.example/jwks',
  'data:,[]',
  'gov.example/jwks',
  '//gov.example',
  '',
])('"%s" is no address to fetch keys from', async (address) => {
  await expect(fetchDocument(address, options)).rejects.toMatchObject({
    code: 'jwks_address_refused',
  })
})

test.each(['file:///etc/passwd', 'data:,[]'])('nor may one redirect to %s', async (location) => {
  issuer.answer('/away', (_, response) => response.writeHead(302, { location }).end())
  await expect(fetchFrom('/away')).rejects.toMatchObject({ code: 'jwks_address_refused' })
})

test('a document of just the allowed size is read; a byte more is not', async () => {
  issuer.publish('/long', 'x'.repeat(1000))
  expect(await fetchFrom('/long')).toHaveLength(1000)
  await expect(fetchFrom('/long', { maxBytes: 999 })).rejects.toMatchObject({
    code: 'jwks_too_large',
  })
})

test('an endless document is given up at the limit, and its connection closed', async () => {
  const closed = Promise.withResolvers<void>()
  issuer.answer('/endless', (_, response) => {
    const timer = setInterval(() => response.write('[{}],'.repeat(100)), 1)
    response.on('close', () => {
      clearInterval(timer)
      closed.resolve()
    })
  })
  await expect(fetchFrom('/endless')).rejects.toMatchObject({ code: 'jwks_too_large' })
  await expect(closed.promise).resolves.toBeUndefined()
})

test.each<[string, (response: ServerResponse) => unknown]>([
  ['never answers', () => {}],
  ['stops in the middle', (response) => response.write('[')],
  [
    'sends a byte at a time',
    (response) => {
      const timer = setInterval(() => response.write(' '), 5)
      response.on('close', () => clearInterval(timer))
    },
  ],
])('a server that %s is given up in time', async (_, answer) => {
  issuer.answer('/slow', (__, response) => void answer(response))
  await expect(fetchFrom('/slow', { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'jwks_unreachable',
    message: expect.stringContaining('50 ms'),
  })
})

test('a run that ends takes the fetch with it', async () => {
  const run = new AbortController()
  issuer.answer('/held', () => run.abort())
  await expect(fetchFrom('/held', { signal: run.signal })).rejects.toMatchObject({
    code: 'jwks_unreachable',
    message: expect.stringContaining('the run ended'),
  })
})

test.each<[string, (socket: NodeJS.WritableStream & { destroy(): unknown }) => unknown]>([
  ['hangs up', (socket) => socket.destroy()],
  [
    'hangs up in the middle',
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n['),
  ],
  ['speaks something else', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
  [
    'switches protocols',
    (socket) => socket.end('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  ],
  [
    'sends endless headers',
    (socket) => socket.end(`HTTP/1.1 200 OK\r\na: ${'b'.repeat(40_000)}\r\n\r\n`),
  ],
])('a server that %s is out of reach', async (_, answer) => {
  issuer.answer('/broken', (request) => void answer(request.socket))
  await expect(fetchFrom('/broken')).rejects.toMatchObject({ code: 'jwks_unreachable' })
})

test('a server that is not there is out of reach, and the reason is told without the address', async () => {
  const gone = await startIssuer()
  const address = gone.url('/keys').replace('//', '//user:pass@')
  await gone.close()
  const error = await fetchDocument(address, options).catch((error: unknown) => error)
  expect(error).toMatchObject({
    code: 'jwks_unreachable',
    message: 'it cannot be reached (ECONNREFUSED)',
  })
  expect(String((error as Error).cause)).not.toContain('pass')
})

const PRIVATE_HOSTS = [
  '127.0.0.1',
  '127.1',
  '0x7f000001',
  '0.0.0.0',
  'localhost',
  'LOCALHOST',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '169.254.169.254',
  '10.0.0.1',
]

test.each(PRIVATE_HOSTS)('%s is refused before it is connected to', async (host) => {
  const { port } = new URL(issuer.url('/'))
  const before = issuer.asked.length
  for (const scheme of ['http', 'https']) {
    const url = `${scheme}://${host}:${port}/`
    const refused = fetchDocument(url, { ...options, isAllowed: isPublicAddress })
    await expect(refused).rejects.toMatchObject({ code: 'jwks_address_refused' })
  }
  expect(issuer.asked.length).toBe(before)
})

test.each(['http', 'https'])(
  'so is %s to a name that leads to one, however it resolved before',
  async (scheme) => {
    const port = new URL(issuer.url('/')).port
    const before = issuer.asked.length
    const lookup = resolvesTo('127.0.0.1', '::1', '::ffff:127.0.0.1', 'fe80::1%lo')
    for (let turn = 0; turn < 4; turn++) {
      const refused = fetchDocument(`${scheme}://rebound.example:${port}/`, {
        ...options,
        isAllowed: isPublicAddress,
        lookup,
      })
      await expect(refused).rejects.toMatchObject({ code: 'jwks_address_refused' })
    }
    expect(issuer.asked.length).toBe(before)
  },
)

test('every hop is checked: a redirect to an address that is not allowed is not followed', async () => {
  issuer.answer('/inside', (_, response) =>
    response.writeHead(302, { location: 'http://127.0.0.2:9/' }).end(),
  )
  const isAllowed = (address: string) => address === '127.0.0.1'
  await expect(fetchFrom('/inside', { isAllowed })).rejects.toMatchObject({
    code: 'jwks_address_refused',
  })
})

test('of a name with several addresses only the allowed ones are connected to', async () => {
  issuer.publish('/mixed', 'reached')
  const lookup: LookupFunction = (_, __, callback) =>
    callback(null, [
      { address: '127.0.0.2', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ])
  const url = issuer.url('/mixed').replace('127.0.0.1', 'mixed.example')
  const isAllowed = (address: string) => address === '127.0.0.1'
  const document = await fetchDocument(url, { ...options, lookup, isAllowed })
  expect(document.toString()).toBe('reached')
})

test('a name that cannot be resolved is out of reach', async () => {
  const lookup: LookupFunction = (_, __, callback) =>
    callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), '')
  const fetched = fetchDocument('https://gov.example/', { ...options, lookup })
  await expect(fetched).rejects.toMatchObject({ code: 'jwks_unreachable' })
})
