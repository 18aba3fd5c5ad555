import { expect, test } from 'vitest'
import { parseOptions } from './options.ts'

const KNOWN = ['publish', 'export']

test('without a name every scenario runs, at its default size', () => {
  const { scenarios, sizes, profiles } = parseOptions([], KNOWN)

  expect(scenarios).toEqual(KNOWN)
  expect(sizes.name).toBe('default')
  expect(profiles).toBe(false)
})

test('a scenario that is named runs alone', () => {
  expect(parseOptions(['export', '--quick'], KNOWN)).toMatchObject({
    scenarios: ['export'],
    sizes: { name: 'quick' },
  })
  expect(parseOptions(['all', 'export'], KNOWN).scenarios).toEqual(KNOWN)
})

test('rounds may be made longer, but not without end or beginning', () => {
  expect(parseOptions(['--quick', '--seconds', '2.5'], KNOWN).sizes.roundSeconds).toBe(2.5)
  expect(() => parseOptions(['--seconds', '-1'], KNOWN)).toThrow('--seconds')
  expect(() => parseOptions(['--seconds', 'many'], KNOWN)).toThrow('--seconds')
})

test('what is not known is refused with what is', () => {
  expect(() => parseOptions(['import'], KNOWN)).toThrow('there are: publish, export, all')
  expect(() => parseOptions(['--quick', '--full'], KNOWN)).toThrow('choose one')
})
