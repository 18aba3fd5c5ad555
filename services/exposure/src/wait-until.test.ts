import { expect, test } from 'vitest'
import { waitUntil } from './wait-until.ts'

test('it waits until the clock says so, and no longer than to the next look', async () => {
  let looks = 0
  const clock = () => looks++ * 0.25
  await waitUntil(3, clock)
  expect(clock()).toBe(3.25)
})

test('a moment that has passed is not waited for', async () => {
  let looks = 0
  await waitUntil(3, () => 3 + looks++)
  expect(looks).toBeLessThanOrEqual(2)
})
