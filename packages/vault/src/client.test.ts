import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { faultyLink } from '@ens/provider-servers'
import { vaultServer } from '@ens/provider-servers/vault'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { isVaultUnreachable, openVault, pathSegments } from './index.ts'

const server = await vaultServer()
const link = await faultyLink({ port: server.port })
afterAll(async () => {
  await link.close()
  await server.close()
})

const TOKEN = 'hvs.the-token'
const open = (address: string, token = TOKEN, timeoutMs = 400) =>
  openVault({ address, token, tokenFile: undefined, namespace: undefined, timeoutMs })

const health = { path: ['sys', 'health'] }

/** A server that answers in its own way, and what it was asked. */
async function answering(listener: RequestListener) {
  const other = createServer(listener).listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => {
    other.closeAllConnections()
    other.close()
  })
  return `http://127.0.0.1:${(other.address() as AddressInfo).port}`
}

test('asks below the path of VAULT_ADDR, with token and encoded segments', async () => {
  const asked: unknown[] = []
  const address = await answering(({ method, url, headers }, response) => {
    asked.push([method, url, headers['x-vault-token']])
    response.end('{"data":1}')
  })
  const answer = await open(`${address}/vault/`).request({
    path: ['kv', 'ä b'],
    query: { version: '2' },
  })
  expect(answer).toEqual({ status: 200, body: { data: 1 }, words: '' })
  expect(asked).toEqual([['GET', '/vault/v1/kv/%C3%A4%20b?version=2', TOKEN]])
})

test('a redirect is not followed: it would take the token along', async () => {
  let leaked = false
  const elsewhere = await answering((_, response) => {
    leaked = true
    response.end('{}')
  })
  const address = await answering((_, response) => {
    response.writeHead(307, { location: elsewhere }).end()
  })
  expect(await open(address).request(health)).toMatchObject({ status: 307 })
  expect(leaked).toBe(false)
})

test.each([
  ['too long', '{"data":"'.padEnd(2 ** 20 + 1, 'x')],
  ['no JSON', '<html>the secret is hunter2'],
])('an answer that is %s is none, and is not quoted', async (_, body) => {
  const address = await answering((_request, response) => response.end(body))
  const error = await open(address)
    .request(health)
    .catch((reason) => reason)
  expect(isVaultUnreachable(error)).toBe(true)
  expect(inspect(error)).not.toMatch(/hunter2|xxxx/)
})

test('what Vault says of a refusal is kept for the cause, without the token', async () => {
  const address = await answering((_, response) => {
    response.writeHead(400).end(JSON.stringify({ errors: [`bad token ${TOKEN}\n`, 'more'] }))
  })
  const { words } = await open(address).request(health)
  expect(words).toBe('bad token *** ; more')
})

test('what may not be repeated is not, when the connection is lost', async () => {
  const vault = open(`http://127.0.0.1:${link.port}`, server.token, 5000)
  const before = server.requests
  link.cutAnswerAfter(10)
  const creation = { path: ['transit', 'keys', 'k'], body: {}, repeatable: false }
  const error = await vault.request(creation).catch((reason) => reason)
  expect(isVaultUnreachable(error)).toBe(true)
  expect(server.requests - before).toBe(1)
  expect(await vault.request(health)).toMatchObject({ status: 200 })
})

/** A server that carries out what it is asked, and answers with these statuses first. */
async function answeringFirst(...statuses: number[]) {
  let asked = 0
  const address = await answering((_, response) => {
    response.writeHead(statuses[asked++] ?? 200).end('{"errors":["as the test wants it"]}')
  })
  return { address, asked: () => asked }
}

const rotation = { path: ['transit', 'keys', 'k', 'rotate'], body: {}, repeatable: false }

test.each([412, 429, 472, 473, 503])(
  'but is when Vault turned it away, as it says by %i',
  async (status) => {
    const { address, asked } = await answeringFirst(status)
    expect(await open(address, TOKEN, 5000).request(rotation)).toMatchObject({ status: 200 })
    expect(asked()).toBe(2)
  },
)

test.each([
  ['may not be repeated', rotation, 502, 1],
  ['may', health, 200, 2],
])(
  'a 502 says nothing of what was done; what %s is handled so',
  async (_, request, status, calls) => {
    const { address, asked } = await answeringFirst(502)
    expect(await open(address, TOKEN, 5000).request(request)).toMatchObject({ status })
    expect(asked()).toBe(calls)
  },
)

test('what found no server is tried again, repeatable or not', async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await once(probe.close(), 'close')
  const error = await open(`http://127.0.0.1:${port}`)
    .request(rotation)
    .catch((reason) => reason)
  // Not the one refusal, but the end of the time in which it was tried.
  expect(error).toMatchObject({
    message: 'Vault did not answer in time',
    cause: { reason: 'not-asked', cause: { cause: { code: 'ECONNREFUSED' } } },
  })
})

test('a caller who stops waiting is let go', async () => {
  const address = await answering(() => {})
  const attempt = open(address, TOKEN, 10_000).request({
    ...health,
    signal: AbortSignal.timeout(50),
  })
  const error = await attempt.catch((reason) => reason)
  expect(isVaultUnreachable(error)).toBe(true)
})

test.each([
  ['secret/data/db', ['secret', 'data', 'db']],
  ['/secret/db', ['secret', 'db']],
  ['', undefined],
  ['//', undefined],
  ['a/../b', undefined],
  ['a/./b', undefined],
  ['a/b/', undefined],
  ['a?b', undefined],
  ['a%2fb', undefined],
  ['a\\b', undefined],
  ['a\u0000b', undefined],
  ['\ud800', undefined],
])('the path %j', (path, segments) => {
  expect(pathSegments(path)).toEqual(segments)
})
