import { decodeBase64, intervalNumber } from '@ens/domain'
import { expect, test } from 'vitest'
import { makeKeys } from './make-keys.ts'

const now = new Date('2026-11-22T15:30:00Z')
const midnight = intervalNumber(new Date('2026-11-22T00:00:00Z'))

test('a phone holds one key a day, from midnight to midnight, the newest still valid', () => {
  const keys = makeKeys({ days: 3, now })

  expect(keys.map((key) => key.rollingStartNumber)).toEqual([
    midnight - 288,
    midnight - 144,
    midnight,
  ])
  expect(new Set(keys.map((key) => key.rollingPeriod))).toEqual(new Set([144]))
  expect(midnight + 144).toBeGreaterThan(intervalNumber(now))
})

test('without the key of today all validity has ended', () => {
  const keys = makeKeys({ days: 2, now, includesToday: false })

  expect(keys.map((key) => key.rollingStartNumber)).toEqual([midnight - 288, midnight - 144])
})

test('every key is 16 bytes of its own', () => {
  const keys = makeKeys({ days: 100, now })

  expect(new Set(keys.map(({ key }) => key)).size).toBe(100)
  expect(new Set(keys.map(({ key }) => decodeBase64(key)?.length))).toEqual(new Set([16]))
})

test('the bytes are those of the given source', () => {
  const [key] = makeKeys({ days: 1, now, random: (size) => Buffer.alloc(size, 1) })

  expect(key?.key).toBe(Buffer.alloc(16, 1).toString('base64'))
})
