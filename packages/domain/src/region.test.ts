import { expect, test } from 'vitest'
import { normalizeRegion } from './region.ts'

test('a region is stored trimmed and in upper case', () => {
  expect(normalizeRegion(' us-wa\n')).toBe('US-WA')
})

test.each(['', '  ', 'U S', 'US,CA', 'ÜS', 'X'.repeat(33)])('%j is no region', (text) => {
  expect(() => normalizeRegion(text)).toThrow(expect.objectContaining({ code: 'invalid_region' }))
})
