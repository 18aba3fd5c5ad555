import { createHash } from 'node:crypto'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tokenVectors as vectors } from './testing/vectors.ts'
import { openToken, parseToken, sealToken } from './token.ts'
import { encodeTokenData, type RevisableKey } from './token-data.ts'

const [{ kid, dekHex, aadBase64 }] = vectors.encodeCases
const dek = Buffer.from(dekHex, 'hex')
const aad = Buffer.from(aadBase64, 'base64')
const options = { kid: Number(kid), dek, aad }

const findDek = (asked: number) => (asked === options.kid ? dek : undefined)
const open = (token: string) => openToken(token, { aad, findDek })

const exposureKey = fc.uint8Array({ minLength: 16, maxLength: 16 })
/** What a phone can have published: it starts after 1970 and lasts. */
const entry: fc.Arbitrary<RevisableKey> = fc.record({
  key: exposureKey,
  intervalNumber: fc.integer({ min: 1, max: 0x7fffffff }),
  intervalCount: fc.integer({ min: 1, max: 144 }),
})
/** A key of these years. */
const recentEntry = fc.record({
  key: exposureKey,
  intervalNumber: fc.integer({ min: 2_649_600, max: 5_000_000 }),
  intervalCount: fc.integer({ min: 1, max: 144 }),
})

describe('tokens of the reference server', () => {
  test.each(vectors.encodeCases)('$name: decodes to its keys', ({ tokenBase64, keys }) => {
    expect(open(tokenBase64)).toEqual(keys.map(fromVector))
  })

  test.each(vectors.encodeCases)('$name: ours decodes to the same keys', ({ keys, minLength }) => {
    const token = sealToken(keys.map(fromVector), { ...options, minLength })
    expect(open(token)).toEqual(keys.map(fromVector))
  })

  test.each(vectors.encodeCases)('$name: real keys are encoded byte by byte alike', (example) => {
    const { keys, plaintextSha256, plaintextLength } = example
    const real = encodeTokenData(keys.map(fromVector)).subarray(0, 28 * keys.length)
    const filler = Buffer.concat([Buffer.from('0a120a10', 'hex'), Buffer.alloc(16)])
    const fillers = new Array((plaintextLength - real.length) / filler.length).fill(filler)
    const theirs = Buffer.concat([real, ...fillers])
    expect(createHash('sha256').update(theirs).digest('hex')).toBe(plaintextSha256)
  })

  test.each(vectors.decodeCases)(
    '$name: is read as it was meant',
    ({ tokenBase64, expectKeys }) => {
      expect(open(tokenBase64)).toEqual(expectKeys.map(fromVector))
    },
  )

  test.each(vectors.undecryptableCases)('$name: is no good token', ({ tokenBase64 }) => {
    expect(open(tokenBase64)).toBeUndefined()
  })
})

describe('the length of a token', () => {
  const lengthOf = (keys: RevisableKey[]) => sealToken(keys, options).length

  test('is the same for every number of keys that one publish may hold', () => {
    fc.assert(
      fc.property(fc.array(recentEntry, { maxLength: 30 }), (keys) => {
        expect(lengthOf(keys)).toBe(lengthOf([]))
      }),
    )
  })

  test('of merged ones is one of a few', () => {
    fc.assert(
      fc.property(fc.array(recentEntry, { maxLength: 120 }), (keys) => {
        expect(encodeTokenData(keys).length % 896).toBe(0)
      }),
    )
  })

  test('leaves room for as many keys as the operator asks for', () => {
    const keys = fc.sample(recentEntry, 60)
    const minLength = 60
    const withKeys = sealToken(keys, { ...options, minLength })
    const without = sealToken([], { ...options, minLength })
    expect(withKeys.length).toBe(without.length)
    expect(without.length).toBeGreaterThan(lengthOf([]))
  })
})

describe('any token', () => {
  test('opens to the keys that were sealed, in their order', () => {
    fc.assert(
      fc.property(fc.array(entry), (keys) => {
        expect(open(sealToken(keys, options))).toEqual(keys.map(withBuffer))
      }),
    )
  })

  test('is closed by a change of any one bit', () => {
    const token = Buffer.from(sealToken(fc.sample(entry, 3), options), 'base64')
    for (let bit = 0; bit < 8 * token.length; bit++) {
      const changed = Buffer.from(token)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(open(changed.toString('base64')) ?? 'closed').toBe('closed')
    }
  })

  test('differs from every other, even of the same keys', () => {
    const keys = fc.sample(entry, 3)
    expect(sealToken(keys, options)).not.toBe(sealToken(keys, options))
  })

  test('random text and random bytes are no good tokens, and no trouble', () => {
    const text = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    )
    fc.assert(
      fc.property(text, (token) => {
        expect(open(token)).toBeUndefined()
      }),
      { numRuns: runs(1_000) },
    )
  })
})

describe('the number of a key', () => {
  const kidIn = (kid: string) => {
    const envelope = Buffer.from([0x0a, kid.length, ...Buffer.from(kid)])
    return parseToken(envelope.toString('base64'))?.kid
  }

  test.each([
    ['7', 7],
    ['+7', 7],
    ['0007', 7],
    ['0', 0],
    [`${'0'.repeat(100)}12`, 12],
  ])('%s is %d', (kid, number) => {
    expect(kidIn(kid)).toBe(number)
  })

  test.each(['', ' 7', '7 ', '-7', '0x7', '7.0', '7e1', '１', '9007199254740993', '9'.repeat(40)])(
    '%j is none',
    (kid) => {
      expect(kidIn(kid)).toBeUndefined()
    },
  )
})

function fromVector(entry: { key: string; intervalNumber: number; intervalCount: number }) {
  return { ...entry, key: Buffer.from(entry.key, 'base64') }
}

function withBuffer(entry: RevisableKey): RevisableKey {
  return { ...entry, key: Buffer.from(entry.key) }
}
