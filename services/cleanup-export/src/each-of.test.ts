import { expect, test } from 'vitest'
import { eachOf } from './each-of.ts'

const { signal } = new AbortController()

test('every item is dealt with once, and never more at a time than allowed', async () => {
  let busy = 0
  let mostBusy = 0
  const done: number[] = []
  await eachOf([1, 2, 3, 4, 5, 6, 7], { atOnce: 3, signal }, async (item) => {
    mostBusy = Math.max(mostBusy, ++busy)
    await Promise.resolve()
    done.push(item)
    busy--
  })
  expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(mostBusy).toBe(3)
})

test('one that takes long holds nobody else up', async () => {
  const { promise: slow, resolve } = Promise.withResolvers<void>()
  const done: number[] = []
  await eachOf([1, 2, 3, 4], { atOnce: 2, signal }, async (item) => {
    if (item === 1) await slow
    done.push(item)
    if (item === 4) resolve()
  })
  expect(done).toEqual([2, 3, 4, 1])
})

test('what has not begun when the signal aborts is left', async () => {
  const ending = new AbortController()
  const done: number[] = []
  await eachOf([1, 2, 3, 4], { atOnce: 2, signal: ending.signal }, async (item) => {
    done.push(item)
    ending.abort()
  })
  expect(done).toEqual([1])
})
