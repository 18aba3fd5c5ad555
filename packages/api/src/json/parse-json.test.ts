import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson } from './parse-json.ts'

test.each(['1.0', '1e2', '1E0', '-0.5', '0e0', '123456789012345678901', `1${'0'.repeat(60_000)}`])(
  '%s is no integer',
  (number) => {
    expect(parseJson(`{"a":[${number}]}`)).toEqual({ a: [Number.NaN] })
  },
)

test.each(['0', '-0', '7', '-2147483648', '9007199254740991'])('%s is an integer', (number) => {
  expect(parseJson(`{"a": ${number}}`)).toEqual({ a: Number(number) })
})

test('an integer that a number would round is a bigint', () => {
  expect(parseJson('[9007199254740993,\n-9223372036854775808]')).toEqual([
    9_007_199_254_740_993n,
    -9_223_372_036_854_775_808n,
  ])
})

test('numbers inside strings are text', () => {
  expect(parseJson('{"a":"x:1.5,2e7","b":"[12345678901234567890"}')).toEqual({
    a: 'x:1.5,2e7',
    b: '[12345678901234567890',
  })
})

test('whatever the number, it is exact, or marked as no integer', () => {
  const sources = fc.oneof(
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => JSON.stringify(n)),
  )
  fc.assert(
    fc.property(sources, fc.constantFrom('', ' ', '\n\t'), (source, space) => {
      const [value] = parseJson(`[${space}${source}${space}]`) as [number | bigint]
      const isInteger = /^-?\d+$/.test(source)
      if (Number.isNaN(value)) expect(!isInteger || source.length > 20).toBe(true)
      else expect(BigInt(value)).toBe(BigInt(source))
    }),
  )
})
