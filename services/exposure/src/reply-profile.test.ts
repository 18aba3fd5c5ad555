import { beforeEach, expect, test } from 'vitest'
import { type ReplyProfile, replyProfile } from './reply-profile.ts'

const NOON = new Date('2020-10-05T12:00:00Z')
const later = (ms: number) => new Date(NOON.getTime() + ms)
const first = () => 0
const last = (limit: number) => limit - 1

let profile: ReplyProfile
beforeEach(() => {
  profile = replyProfile()
})

test('nothing is drawn before a hundred publishes are known, and then only of the latest hundred', () => {
  for (let i = 0; i < 99; i++) profile.accepted({ latencyMs: i, bodyBytes: 3000 })
  expect(profile.draw(first)).toBeUndefined()
  for (let i = 99; i < 150; i++) profile.accepted({ latencyMs: i, bodyBytes: 3000 })
  const drawn = Array.from({ length: 100 }, (_, at) => profile.draw(() => at)?.latencyMs ?? -1)
  expect([Math.min(...drawn), Math.max(...drawn)]).toEqual([50, 149])
})

test('after a failure publishes are taken to fail for ten seconds, or until one succeeds', () => {
  const failure = { latencyMs: 7, bodyBytes: 2000 }
  expect(profile.drawFailure(first, NOON)).toBeUndefined()
  profile.failed(failure, NOON)
  expect(profile.drawFailure(last, later(9999))).toEqual(failure)
  expect(profile.drawFailure(first, later(10_000))).toBeUndefined()
  profile.failed(failure, NOON)
  profile.accepted({ latencyMs: 5, bodyBytes: 3000 })
  expect(profile.drawFailure(first, NOON)).toBeUndefined()
})

test('while the database cannot be asked publishes are taken to fail, though none was seen', () => {
  profile.looked(false)
  expect(profile.drawFailure(first, later(1_000_000))).toMatchObject({ latencyMs: 3 })
  profile.looked(true)
  expect(profile.drawFailure(first, NOON)).toBeUndefined()
})

test('lateness is remembered for a while', () => {
  expect(profile.drawLateness(first)).toBe(0)
  for (let ms = 1; ms <= 25; ms++) profile.wasLate(ms)
  expect(profile.drawLateness(last)).toBe(20)
  expect(profile.drawLateness(first)).toBe(21)
})
