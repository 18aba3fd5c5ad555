import { expect, test } from 'vitest'
import { request } from './http.ts'
import { serve } from './testing.ts'

const LIMITS = { timeoutMs: 20_000, maxBytes: 1_000 }

test('an answer is whatever the server says, whatever its status', async () => {
  await using server = await serve((_, response) => response.writeHead(418).end('teapot'))

  const answer = await request(server.url, {}, LIMITS)

  expect(answer).toEqual({ status: 418, body: Buffer.from('teapot') })
})

test('an answer at the limit is read, one byte more is not', async () => {
  await using server = await serve((request, response) => {
    response.end(Buffer.alloc(request.url === '/large' ? 1_001 : 1_000))
  })

  expect((await request(server.url, {}, LIMITS)).body).toHaveLength(1_000)
  await expect(request(`${server.url}/large`, {}, LIMITS)).rejects.toMatchObject({
    code: 'phone_response_too_large',
  })
})

test('an answer without end is given up at the limit', async () => {
  await using server = await serve((_, response) => {
    response.write(Buffer.alloc(2_000))
  })

  await expect(request(server.url, {}, LIMITS)).rejects.toMatchObject({
    code: 'phone_response_too_large',
  })
})

test('a server that does not answer in time is out of reach', async () => {
  await using server = await serve(() => undefined)

  await expect(request(server.url, {}, { ...LIMITS, timeoutMs: 50 })).rejects.toMatchObject({
    code: 'phone_server_unreachable',
    message: `no answer from ${server.url} within 0.05 s`,
  })
})

test('a server that stops in the middle of its answer is out of reach', async () => {
  await using server = await serve((request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('begun', () => request.socket.destroy())
  })

  await expect(request(server.url, {}, LIMITS)).rejects.toMatchObject({
    code: 'phone_server_unreachable',
  })
})

test('a server that is not there is named with the reason', async () => {
  const server = await serve(() => undefined)
  await server[Symbol.asyncDispose]()

  await expect(request(server.url, {}, LIMITS)).rejects.toMatchObject({
    code: 'phone_server_unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  })
})

test('what is no URL is out of reach, too', async () => {
  await expect(request('nowhere', {}, LIMITS)).rejects.toMatchObject({
    code: 'phone_server_unreachable',
  })
})

test('an abort ends the wait with its own reason', async () => {
  await using server = await serve(() => undefined)
  const reason = new Error('the caller has gone')

  await expect(
    request(server.url, {}, { ...LIMITS, signal: AbortSignal.abort(reason) }),
  ).rejects.toBe(reason)
})
