import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base64Fault, base64UrlFault, decodeBase64, decodeBase64Url } from './base64.ts'

interface Case {
  name: string
  input: string
  hex?: string
  error?: boolean
}

const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-base64.json', import.meta.url), 'utf8'),
)

describe('base64 is read as tolerantly as the reference server reads it, and no more', () => {
  test.each(cases)('$name', ({ input, hex }) => {
    expect(decodeBase64(input)?.toString('hex')).toBe(hex)
  })
})

test('a fault says where it is', () => {
  expect(base64Fault('QUJD2')).toBe('illegal base64 data at input byte 4')
  expect(base64Fault('QUJD!')).toBe('illegal base64 data at input byte 4')
  expect(base64Fault('\r\nQUJ D==')).toBe('illegal base64 data at input byte 5')
  expect(base64Fault('é')).toBe('illegal base64 data at input byte 0')
})

test('a segment of a token has neither padding nor the standard alphabet', () => {
  expect(decodeBase64Url('-_8')?.toString('hex')).toBe('fbff')
  expect(decodeBase64Url('-_8\n')?.toString('hex')).toBe('fbff')
  expect(decodeBase64Url('+/8')).toBeUndefined()
  expect(decodeBase64Url('-_8=')).toBeUndefined()
  expect(base64UrlFault('-_8=')).toBe('illegal base64 data at input byte 3')
})

test('what any encoder writes is read back, padded or not', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom('base64', 'base64url'), (bytes, encoding) => {
      const text = Buffer.from(bytes).toString(encoding)
      expect(decodeBase64(text)).toEqual(Buffer.from(bytes))
      expect(decodeBase64(`${text}==`)).toEqual(Buffer.from(bytes))
    }),
  )
})

test('any text is either decoded or has a fault inside it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      if (decodeBase64(text)) return
      const at = Number(base64Fault(text).match(/\d+$/)?.[0])
      expect(at).toBeGreaterThanOrEqual(0)
      expect(at).toBeLessThan(text.length)
    }),
  )
})
