import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { freePort } from '@ens/embedded-postgres'
import { afterEach, expect, test } from 'vitest'
import { startScheduler } from './scheduler.ts'

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A scheduler that does not wait, but keeps in `waits` how long it would have, and stops after so many. */
function hasty(url: string, runs: number) {
  const waits: number[] = []
  const lines: string[] = []
  let done = () => {}
  const ran = new Promise<void>((resolve) => {
    done = resolve
  })
  const scheduler = startScheduler({
    jobs: [{ name: 'do-work', url, everyMs: 2_000 }],
    token: 'token of the jobs',
    log: (line) => lines.push(line),
    wait: (ms, signal) => {
      if (waits.push(ms) < runs) return setImmediate()
      done()
      return new Promise((_, reject) => signal.addEventListener('abort', reject))
    },
  })
  closing.push(() => scheduler.stop())
  return { scheduler, waits, lines, ran }
}

test('a job is called on its cadence, with the token', async () => {
  const seen: unknown[] = []
  const url = await serve((request, response) => {
    seen.push([request.method, request.url, request.headers.authorization])
    response.end('{"ok":true}')
  })

  const { ran, waits, lines } = hasty(`${url}/do-work`, 3)
  await ran
  expect(seen).toEqual(Array(3).fill(['POST', '/do-work', 'Bearer token of the jobs']))
  expect(waits).toEqual([2_000, 2_000, 2_000])
  expect(lines).toEqual([])
})

test('each run begins a trace of its own', async () => {
  const seen: unknown[] = []
  const url = await serve((request, response) => {
    seen.push(request.headers.traceparent)
    response.end('{"ok":true}')
  })

  await hasty(url, 3).ran
  expect(seen).toEqual(Array(3).fill(expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)))
  expect(new Set(seen).size).toBe(3)
})

test('a job that fails is called less and less often, until it succeeds', async () => {
  let calls = 0
  const url = await serve((_, response) => {
    calls += 1
    response.statusCode = calls <= 6 ? 500 : 200
    response.end('{"error":"no signer"}')
  })

  const { ran, waits, lines } = hasty(url, 8)
  await ran
  expect(waits).toEqual([4_000, 8_000, 10_000, 10_000, 10_000, 10_000, 2_000, 2_000])
  expect(lines).toHaveLength(6)
  expect(lines[0]).toBe('do-work: answered 500: {"error":"no signer"}')
})

test('a service that is away is a failure like another, and is told while it lasts', async () => {
  const { ran, scheduler } = hasty(`http://127.0.0.1:${await freePort()}/`, 1)
  await ran
  expect(scheduler.failures()).toEqual([
    expect.stringMatching(/^do-work: no answer: .*ECONNREFUSED/),
  ])
})

test('a run that lasts is not overtaken, and stopping waits for it', async () => {
  const events: string[] = []
  let answer = () => {}
  const url = await serve((_, response) => {
    events.push('called')
    answer = () => {
      events.push('answered')
      response.end('{"ok":true}')
    }
  })
  const scheduler = startScheduler({
    jobs: [{ name: 'do-work', url, everyMs: 0 }],
    token: '',
    log: (line) => events.push(line),
  })
  await expect.poll(() => events).toEqual(['called'])

  const stopped = scheduler.stop().then(() => events.push('stopped'))
  for (let turns = 0; turns < 20; turns++) await setImmediate()
  answer()
  await stopped

  expect(events).toEqual(['called', 'answered', 'stopped'])
})
