import { expect, test } from 'vitest'
import { retrying } from './retrying.ts'

const busy = Object.assign(new Error(), { name: 'RestError', statusCode: 503 })
const { signal } = new AbortController()
const random = () => 0

test('what succeeds after failures succeeds, and knows that it is repeated', async () => {
  const calls: boolean[] = []
  const result = await retrying({ signal, random }, async (isRepeated) => {
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
