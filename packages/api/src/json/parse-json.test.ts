import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_NESTING } from './nesting.ts'
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

const nested = (levels: number, open: string, close: string, inner: string) =>
  open.repeat(levels) + inner + close.repeat(levels)

describe.each([
  ['lists', '[', ']'],
  ['objects', '{"a[\\"":', '}'],
])('nested %s', (_, open, close) => {
  test.each(['1', '1.0'])('are read as deeply as is promised, around %s', (inner) => {
    expect(() => parseJson(nested(MAX_NESTING, open, close, inner))).not.toThrow()
  })

  test.each(['1', '1.0'])('are no JSON any deeper, around %s', (inner) => {
    const errors = [MAX_NESTING + 1, 3000, 30_000].map((levels) => {
      try {
        return parseJson(nested(levels, open, close, inner))
      } catch (error) {
        return error
      }
    })
    expect(errors).toEqual(errors.map(() => expect.any(SyntaxError)))
  })
})

test('brackets side by side, or in strings, nest nothing', () => {
  const pairs = Array.from({ length: 5000 }, () => '[]')
  const text = String.raw`\\\"[`.repeat(5000)
  const source = `[${pairs.join()},"${text}","\\\\",1.0]`
  expect(parseJson(source)).toHaveLength(pairs.length + 3)
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
