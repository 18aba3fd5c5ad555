import { expect, test } from 'vitest'
import { within } from './within.ts'

const late = () => new Error('late')

test('work that ends in time is passed on, good or bad', async () => {
  expect(await within(1000, Promise.resolve(7), late)).toBe(7)
  await expect(within(1000, Promise.reject(new Error('bad')), late)).rejects.toThrow('bad')
})

test('work that takes too long is given up, and what becomes of it is nobody’s error', async () => {
  const { promise, reject } = Promise.withResolvers<never>()
  await expect(within(1, promise, late)).rejects.toThrow('late')
  reject(new Error('much later'))
})
