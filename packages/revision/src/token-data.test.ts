import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tokenMessage } from './messages.ts'
import { decodeTokenData, encodeTokenData, type RevisableKey } from './token-data.ts'

const BLOCK_BYTES = 896
const KEY = '11'.repeat(16)
const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff })
const entry = fc.record({
  key: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  intervalNumber: fc.oneof(int32, fc.constantFrom(0, -1, 127, 128)),
  intervalCount: fc.oneof(int32, fc.constantFrom(0, 144)),
})

describe('the keys of a token', () => {
  test('survive encoding, whatever they are, except those that look like fillers', () => {
    fc.assert(
      fc.property(fc.array(entry), (keys) => {
        const real = keys.filter((key) => key.intervalNumber !== 0 || key.intervalCount !== 0)
        expect(decodeTokenData(encodeTokenData(keys))).toEqual(real)
      }),
    )
  })

  test.each([
    ['one of today', 2_669_616, 144, `0a1a0a10${KEY}10b0f8a201189001`],
    ['no start', 0, 1, `0a140a10${KEY}1801`],
    ['a negative start', -1, 0, `0a1d0a10${KEY}10ffffffffffffffffff01`],
  ])('are written as proto3 has it: %s', (_, intervalNumber, intervalCount, expected) => {
    const encoded = encodeTokenData([
      { key: Buffer.from(KEY, 'hex'), intervalNumber, intervalCount },
    ])
    expect(encoded.toString('hex', 0, expected.length / 2)).toBe(expected)
  })

  test('fill whole blocks, and can do so whatever is left of one', () => {
    for (let keyBytes = 0; keyBytes < BLOCK_BYTES + 10; keyBytes++) {
      const keys: RevisableKey[] = [
        { key: Buffer.alloc(keyBytes, 7), intervalNumber: 1, intervalCount: 1 },
      ]
      const data = encodeTokenData(keys)
      expect([keyBytes, data.length % BLOCK_BYTES]).toEqual([keyBytes, 0])
      expect(decodeTokenData(data)).toEqual(keys)
    }
  })

  test.each(['0a04100118', '0a010a', '0a0126', '0a'])('%s are none', (bytes) => {
    expect(decodeTokenData(Buffer.from(bytes, 'hex'))).toBeUndefined()
  })

  test('random bytes are read as keys or refused, never otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const { intervalNumber, intervalCount } of decodeTokenData(bytes) ?? []) {
          expect([intervalNumber | 0, intervalCount | 0]).toEqual([intervalNumber, intervalCount])
        }
      }),
      { numRuns: runs(1_000) },
    )
  })
})

describe('the message that a phone sends', () => {
  test.each([
    ['a varint', '20f0ffffffffffffffff01'],
    ['eight bytes', '210102030405060708'],
    ['four bytes', '2501020304'],
    ['text', '22026869'],
    ['a group with a field and a group inside', '2308011b1c24'],
    ['the kid as a number', '0807'],
  ])('may hold an unknown field of %s', (_, field) => {
    const message = Buffer.from(`${field}0a0137${field}1201ff`, 'hex')
    expect(tokenMessage.decode(message)).toEqual({ kid: '7', data: Buffer.of(0xff) })
  })

  test('may repeat a field: the last counts', () => {
    expect(tokenMessage.decode(Buffer.from('0a01370a0138', 'hex'))?.kid).toBe('8')
  })

  test.each([
    ['a field number of 0', '0201ff'],
    ['a varint that never ends', `20${'ff'.repeat(20)}`],
    ['a varint that is cut off', '2080'],
    ['a length beyond the end', '0a0237'],
    ['four bytes that are three', '25010203'],
    ['a group that never ends', '230801'],
    ['a group that ends with another number', '232c'],
    ['the end of no group', '24'],
    ['a wire type that does not exist', '26'],
    ['text that is not UTF-8', '0a0180'],
    ['groups nested without end', '23'.repeat(50_000) + '24'.repeat(50_000)],
  ])('is refused with %s', (_, message) => {
    expect(tokenMessage.decode(Buffer.from(message, 'hex'))).toBeUndefined()
  })
})
