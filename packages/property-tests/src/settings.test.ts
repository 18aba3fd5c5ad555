import fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { runs } from './runs.ts'
import { describeSettings, readSettings } from './settings.ts'

const never = () => {
  throw new Error('nothing is random here')
}

test('the default run draws the same cases every time, and says nothing', () => {
  const settings = readSettings({}, never)

  expect(settings).toEqual(readSettings({ PROPERTY_RUNS: '1' }, never))
  expect(describeSettings(settings)).toBeUndefined()
})

test('a longer run looks for new cases, and says how to draw them again', () => {
  const settings = readSettings({ PROPERTY_RUNS: '50' }, () => 4711)

  expect(settings).toEqual({ factor: 50, seed: 4711 })
  expect(describeSettings(settings)).toContain('PROPERTY_RUNS=50 PROPERTY_SEED=4711')
})

test('a run can be repeated from its seed', () => {
  const again = readSettings({ PROPERTY_RUNS: '50', PROPERTY_SEED: '-12' }, never)

  expect(again).toEqual({ factor: 50, seed: -12 })
  expect(describeSettings(readSettings({ PROPERTY_SEED: '7' }, never))).toContain('PROPERTY_SEED=7')
})

test.each(['', '0', '1.5', '-1', 'many', '10001'])('PROPERTY_RUNS=%j is refused', (text) => {
  expect(() => readSettings({ PROPERTY_RUNS: text })).toThrow('PROPERTY_RUNS')
})

test.each(['', 'x', '2147483648'])('PROPERTY_SEED=%j is refused', (text) => {
  expect(() => readSettings({ PROPERTY_SEED: text })).toThrow('PROPERTY_SEED')
})

test('every property draws from the seed of the run, and as often as the run says', () => {
  const { seed, factor } = inject('propertyTests')

  const drawn = fc.check(fc.property(fc.nat(), () => true))

  expect(drawn).toMatchObject({ seed, numRuns: 100 * factor, failed: false })
  expect(fc.sample(fc.nat(), 20)).toEqual(fc.sample(fc.nat(), { seed, numRuns: 20 }))
  expect(runs(7)).toBe(7 * factor)
})
