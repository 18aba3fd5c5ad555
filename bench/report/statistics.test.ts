import { expect, test } from 'vitest'
import { kolmogorovSmirnov, median, quantile, spread } from './statistics.ts'

test('the median of an even number of values lies between the middle two', () => {
  expect(median([5, 1, 3])).toBe(3)
  expect(median([4, 1, 3, 10])).toBe(3.5)
  expect(median([])).toBeNaN()
})

test('the spread is the half range as a share of the median', () => {
  expect(spread([90, 100, 110])).toBeCloseTo(0.1)
  expect(spread([100])).toBe(0)
})

test('quantiles do not run past the last value', () => {
  const values = Array.from({ length: 100 }, (_, i) => i)
  expect(quantile(values, 0.5)).toBe(50)
  expect(quantile(values, 0.99)).toBe(99)
  expect(quantile(values, 1)).toBe(99)
})

test('equal samples cannot be told apart, and samples without overlap always', () => {
  expect(kolmogorovSmirnov([1, 2, 3], [3, 1, 2])).toBe(0)
  expect(kolmogorovSmirnov([1, 2, 3], [4, 5])).toBe(1)
})

test('the statistic is the largest distance of the two distributions', () => {
  // Up to 2 there are three quarters of the first sample and a quarter of the second.
  expect(kolmogorovSmirnov([1, 1, 2, 9], [2, 8, 8, 9])).toBeCloseTo(0.5)
  expect(kolmogorovSmirnov([5, 5, 5, 5], [5, 5, 6, 6])).toBeCloseTo(0.5)
})
