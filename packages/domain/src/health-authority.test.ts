import { expect, test } from 'vitest'
import { isKeyValid, revocationTime } from './health-authority.ts'
import { OCTOBER_5_NOON } from './testing.ts'

const from = new Date('2020-10-01T00:00:00Z')
const key = { version: 'v1', publicKey: '', from, thru: OCTOBER_5_NOON }

test('a key is valid strictly between its ends', () => {
  expect(isKeyValid(key, from)).toBe(false)
  expect(isKeyValid(key, new Date(from.getTime() + 1))).toBe(true)
  expect(isKeyValid(key, OCTOBER_5_NOON)).toBe(false)
  expect(isKeyValid({ ...key, thru: undefined }, new Date('2120-01-01'))).toBe(true)
})

test('a key that is revoked before it began was never valid', () => {
  const revoked = { ...key, thru: revocationTime(key, new Date('2020-09-01')) }
  expect(revoked.thru).toEqual(from)
  expect(isKeyValid(revoked, OCTOBER_5_NOON)).toBe(false)
  expect(revocationTime(key, OCTOBER_5_NOON)).toEqual(OCTOBER_5_NOON)
})
