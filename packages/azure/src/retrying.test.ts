import { expect, test } from 'vitest'
import { retrying } from './retrying.ts'

const busy = Object.assign(new Error(), { name: 'RestError', statusCode: 503 })
const { signal } = new AbortController()
const random = () => 0

test('what succeeds after failures succeeds, and knows that it is repeated', async () => {
  const calls: boolean[] = []
  const result = await retrying({ signal, random }, async (_, isRepeated) => {
    calls.push(isRepeated)
    if (calls.length < 3) throw busy
    return 'done'
  })
  expect(result).toBe('done')
  expect(calls).toEqual([false, true, true])
})

test('what goes on failing is given up after seven calls', async () => {
  let calls = 0
  const attempt = retrying({ signal, random }, async () => {
    calls++
    throw busy
  })
  await expect(attempt).rejects.toBe(busy)
  expect(calls).toBe(7)
})

test('what will not pass is not repeated', async () => {
  const missing = Object.assign(new Error(), { name: 'RestError', statusCode: 404 })
  let calls = 0
  const attempt = retrying({ signal, random }, async () => {
    calls++
    throw missing
  })
  await expect(attempt).rejects.toBe(missing)
  expect(calls).toBe(1)
})

test('an abort ends the wait', async () => {
  const deadline = new AbortController()
  const reason = new Error('the deadline has passed')
  const attempt = retrying({ signal: deadline.signal, random: () => 1 }, async () => {
    throw busy
  })
  deadline.abort(reason)
  await expect(attempt).rejects.toSatisfy((error) => error === busy || error.cause === reason)
})

test('an attempt that hangs is ended, and another one made', async () => {
  const given: AbortSignal[] = []
  const result = await retrying({ signal, random, attemptMs: 20 }, async (limit, isRepeated) => {
    given.push(limit)
    return isRepeated ? 'done' : new Promise<never>(() => {}) // nor does it heed its signal
  })
  expect(result).toBe('done')
  expect(given.map(({ aborted }) => aborted)).toEqual([true, false])
})

test('what hangs every time is given up after seven attempts, as a time-out', async () => {
  let calls = 0
  const attempt = retrying({ signal, random, attemptMs: 5 }, () => {
    calls++
    return new Promise<never>(() => {})
  })
  await expect(attempt).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  expect(calls).toBe(7)
})

test('an abort ends the attempt with the reason', async () => {
  const deadline = new AbortController()
  const reason = new Error('the deadline has passed')
  const attempt = retrying({ signal: deadline.signal, random }, async (limit) => {
    deadline.abort(reason)
    limit.throwIfAborted()
  })
  await expect(attempt).rejects.toBe(reason)
})

const lost = (code: string) => Object.assign(new Error(), { name: 'RestError', code })
const token = Object.assign(new Error(), { name: 'AuthenticationError', statusCode: 503 })

test.each([
  ['a 503', busy, 1],
  ['a 429', { ...busy, statusCode: 429 }, 2],
  ['a 408', { ...busy, statusCode: 408 }, 1],
  ['a lost connection', lost('ECONNRESET'), 1],
  ['a connection that was never made', lost('ECONNREFUSED'), 2],
  ['a name that was not found', lost('ENOTFOUND'), 2],
  ['a token that is not to be had', token, 2],
])('what must not be done twice is tried after %s so often: %3$d', async (_, failure, times) => {
  let calls = 0
  const attempt = retrying({ signal, random, repeatable: false }, async () => {
    if (calls++ === 0) throw failure
    return 'done'
  })
  if (times === 1) await expect(attempt).rejects.toBe(failure)
  else await expect(attempt).resolves.toBe('done')
  expect(calls).toBe(times)
})

test('what must not be done twice is not repeated after it hung', async () => {
  let calls = 0
  const attempt = retrying({ signal, random, attemptMs: 5, repeatable: false }, () => {
    calls++
    return new Promise<never>(() => {})
  })
  await expect(attempt).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  expect(calls).toBe(1)
})
