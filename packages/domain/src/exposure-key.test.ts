import { expect, test } from 'vitest'
import { compareKeys, keyToBase64 } from './exposure-key.ts'
import { aKey } from './testing.ts'

test('keys are ordered by their bytes as unsigned numbers', () => {
  const low = Buffer.alloc(16, 0x7f)
  const high = Buffer.alloc(16, 0x80)
  expect([high, low].sort(compareKeys)).toEqual([low, high])
  expect(compareKeys(aKey(7), aKey(7))).toBe(0)
})

test('a key prints as 24 characters of standard base64, also as a view into a larger buffer', () => {
  expect(keyToBase64(Buffer.alloc(16, 0xff))).toBe('/////////////////////w==')
  const view = new Uint8Array([0, 0, 0, ...aKey(1)]).subarray(3)
  expect(keyToBase64(view)).toBe(aKey(1).toString('base64'))
})
