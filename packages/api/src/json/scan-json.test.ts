import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_NESTING } from './nesting.ts'
import { scanJson } from './scan-json.ts'

test.each([
  ['{}', 2],
  [' [1, -2.5e+3, "a\\"b\\u00e9", {"a": null}] ', 40],
  ['true', 4],
  ['0', 1],
  ['""x', 2],
  ['{"a":[]}}', 8],
  ['12 34', 2],
])('%j holds a value up to character %i', (text, end) => {
  expect(scanJson(text)).toEqual({ is: 'complete', end })
})

test.each([
  '',
  '  ',
  '{',
  '{"a',
  '{"a"',
  '{"a":',
  '{"a":1,',
  '[1',
  '[1.',
  '-',
  '1e',
  '"\\',
  '"\\u12',
  'tru',
])('%j breaks off', (text) => {
  expect(scanJson(text)).toEqual({ is: 'incomplete' })
})

test.each([
  ['totally', 1],
  ['{"key": "value", badKey: 6', 17],
  ['{"a":1,}', 7],
  ['[1,]', 3],
  ['{"a" 1}', 5],
  ['{"a":+1}', 5],
  ['[00]', 2],
  ['["\t"]', 2],
  ['["\\x"]', 3],
  ['["\\u12x"]', 6],
  ['[1.x]', 3],
  ['[}', 1],
  ['{]', 1],
  ['\ufeff{}', 0],
])('%j is wrong at character %i', (text, at) => {
  expect(scanJson(text)).toEqual({ is: 'malformed', at })
})

test('a text is wrong at the bracket that nests too deeply', () => {
  const open = `${'['.repeat(MAX_NESTING - 1)}{"a":`
  expect(scanJson(open)).toEqual({ is: 'incomplete' })
  expect(scanJson(`${open}{}`)).toEqual({ is: 'malformed', at: open.length })
})

const texts = fc.oneof(
  fc.json(),
  fc.string({ unit: fc.constantFrom(...'{}[]",:-019.eE+ \\untrfalsé\n') }),
  fc.string({ unit: 'binary' }),
)

test('a text is one complete value exactly if JSON.parse reads it', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const scan = scanJson(text)
      const isOneValue = scan.is === 'complete' && /^[ \t\n\r]*$/.test(text.slice(scan.end))
      expect(isOneValue).toBe(isJson(text))
    }),
    { numRuns: runs(3000) },
  )
})

test('every beginning of a JSON text breaks off, or is complete already', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (text, cut) => {
      expect(scanJson(text.slice(0, cut % text.length)).is).not.toBe('malformed')
    }),
    { numRuns: runs(1000) },
  )
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
