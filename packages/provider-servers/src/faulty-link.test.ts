import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FaultyLink, faultyLink } from './faulty-link.ts'

let server: Server
let link: FaultyLink
let requests: number

beforeEach(async () => {
  requests = 0
  server = createServer((_, response) => {
    requests++
    response.end('x'.repeat(10_000))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  link = await faultyLink({ port: (server.address() as AddressInfo).port })
})
afterEach(async () => {
  await link.close()
  server.closeAllConnections()
  server.close()
})

const ask = async (signal?: AbortSignal) => {
  const answer = await fetch(`http://127.0.0.1:${link.port}/`, signal ? { signal } : {})
  return (await answer.text()).length
}

test('a link without a fault lets everything through', async () => {
  expect(await ask()).toBe(10_000)
})

test('a link that hangs answers nobody, until it is mended', async () => {
  link.hang()
  await expect(ask(AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' })
  expect(requests).toBe(0)
  link.mend()
  expect(await ask()).toBe(10_000)
})

test('who hangs does not learn that the server has hung up', async () => {
  link.hang()
  const accepted = once(server, 'connection')
  const client = connect(link.port, '127.0.0.1')
  const heard: string[] = []
  for (const event of ['data', 'end', 'close']) client.on(event, () => heard.push(event))
  const [behind] = (await accepted) as [Socket]
  behind.destroy()
  await once(behind, 'close')
  await expect(ask(AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'TimeoutError' })
  expect(heard).toEqual([])
  client.destroy()
})

test('one connection hangs, and those beside it do not', async () => {
  link.hangNext()
  await expect(ask(AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' })
  expect(requests).toBe(0)
  expect(await ask()).toBe(10_000)
})

test('an answer is cut midway, once, though the server has done what it was asked', async () => {
  link.cutAnswerAfter(500)
  await expect(ask()).rejects.toThrow()
  expect(requests).toBe(1)
  expect(await ask()).toBe(10_000)
})

test('a link that is cut refuses every connection', async () => {
  link.cut()
  await expect(ask()).rejects.toThrow()
  link.mend()
  expect(await ask()).toBe(10_000)
})

test('a slow link answers late, but whole', async () => {
  link.slowDown(30)
  const startedAt = performance.now()
  expect(await ask()).toBe(10_000)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(29)
})
