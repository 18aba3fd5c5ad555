import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepSnapshot, type Snapshot } from './snapshot.ts'

const INTERVAL_MS = 3000

let clock: number
let value: string
let isDown: boolean
let looks: number
let failures: unknown[]
let snapshot: Snapshot<string>

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  ;[clock, value, isDown, looks, failures] = [1_000_000, 'first', false, 0, []]
  snapshot = keepSnapshot({
    read: async () => {
      looks++
      if (isDown) throw new Error('down')
      return value
    },
    now: () => new Date(clock),
    intervalMs: INTERVAL_MS,
    timeoutMs: 1000,
    onFailure: (error) => failures.push(error),
  })
})
afterEach(() => {
  snapshot.close()
  vi.useRealTimers()
})

test('a crowd that comes first looks once', async () => {
  const copies = await Promise.all(Array.from({ length: 50 }, () => snapshot.get(60_000)))
  expect(new Set(copies)).toEqual(new Set(['first']))
  expect(looks).toBe(1)
})

test('a change is seen after the next look in the background', async () => {
  await snapshot.get(60_000)
  value = 'second'
  expect(await snapshot.get(60_000)).toBe('first')
  await vi.advanceTimersByTimeAsync(INTERVAL_MS)
  expect(await snapshot.get(60_000)).toBe('second')
})

test('while looks fail the last copy serves on, until it is older than it may be', async () => {
  await snapshot.get(60_000)
  isDown = true
  clock += 60_000
  await vi.advanceTimersByTimeAsync(INTERVAL_MS)
  expect(failures).toHaveLength(1)
  expect(await snapshot.get(60_000)).toBe('first')
  clock += 1
  await expect(snapshot.get(60_000)).rejects.toThrow('down')
  isDown = false
  value = 'back'
  expect(await snapshot.get(60_000)).toBe('back')
})

test('a look that hangs is given up, and the next one may succeed', async () => {
  const hanging = keepSnapshot({
    read: () => (looks++ === 0 ? new Promise<string>(() => {}) : Promise.resolve('alive')),
    now: () => new Date(clock),
    intervalMs: INTERVAL_MS,
    timeoutMs: 1000,
    onFailure: () => {},
  })
  const first = hanging.get(0).catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(1000)
  expect(await first).toMatchObject({ code: 'database_timeout' })
  expect(await hanging.get(0)).toBe('alive')
  hanging.close()
})

test('closed, it looks no more', async () => {
  snapshot.close()
  await vi.advanceTimersByTimeAsync(10 * INTERVAL_MS)
  expect(looks).toBe(0)
})
