import fc from 'fast-check'
import { expect, test } from 'vitest'
import { growingBuffer } from './growing-buffer.ts'

test('holds what was put to it, however much was expected', () => {
  fc.assert(
    fc.property(fc.nat(40), fc.array(fc.uint8Array()), (expected, pieces) => {
      const buffer = growingBuffer(expected)
      for (const piece of pieces) buffer.append(piece)
      const whole = Buffer.concat(pieces)
      expect(buffer.length).toBe(whole.length)
      expect(buffer.contents()).toEqual(whole)
    }),
  )
})
