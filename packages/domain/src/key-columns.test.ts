import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromColumns, type ReleasedKey, sliceColumns, toColumns } from './key-columns.ts'
import { REPORT_TYPES } from './report-type.ts'

const releasedKey: fc.Arbitrary<ReleasedKey> = fc.record({
  key: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  transmissionRisk: fc.integer({ min: 0, max: 8 }),
  intervalNumber: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  intervalCount: fc.integer({ min: 1, max: 144 }),
  reportType: fc.constantFrom(undefined, ...REPORT_TYPES),
  daysSinceSymptomOnset: fc.option(fc.integer({ min: -32_767, max: 32_767 }), { nil: undefined }),
})

test('keys come back from columns, and a part of them from a part', () => {
  fc.assert(
    fc.property(fc.array(releasedKey), fc.nat(), fc.nat(), (keys, a, b) => {
      const [from, to] = [a % (keys.length + 1), b % (keys.length + 1)].sort((x, y) => x - y)
      const columns = toColumns(keys)
      expect(fromColumns(columns)).toEqual(keys)
      const part = sliceColumns(columns, from ?? 0, to ?? 0)
      expect(fromColumns(part)).toEqual(keys.slice(from, to))
    }),
  )
})
