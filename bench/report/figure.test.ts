import { expect, test } from 'vitest'
import { type Figure, summarize } from './figure.ts'

const rate: Figure = {
  id: 'publish.rate',
  name: 'publishes',
  unit: '/s',
  better: 'higher',
  rounds: [600, 300, 580],
  limit: { name: 'bare driver', rounds: [1000, 500, 1000] },
}

test('the share of the limit is taken round by round, so that a slow moment of the machine does not count', () => {
  const { value, limit, share } = summarize(rate)

  expect([value, limit, share]).toEqual([580, 1000, 0.6])
})

test('a limit that was measured once stands beside every round', () => {
  expect(summarize({ ...rate, limit: { name: 'once', rounds: [1000] } }).share).toBe(0.58)
})

test('a target is reached when every part of it is', () => {
  const reached = (target: Figure['target']) => summarize({ ...rate, target }).reached

  expect(reached(undefined)).toBeUndefined()
  expect(reached({ atLeast: 580 })).toBe(true)
  expect(reached({ atLeast: 581 })).toBe(false)
  expect(reached({ atMost: 579 })).toBe(false)
  expect(reached({ atLeast: 500, shareOfLimit: 0.61 })).toBe(false)
  expect(reached({ timesLimit: 0.6 })).toBe(true)
  expect(reached({ timesLimit: 0.59 })).toBe(false)
})
