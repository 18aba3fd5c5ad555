import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  daysBetween,
  embargoedUntil,
  INTERVAL_MS,
  INTERVAL_SECONDS,
  intervalNumber,
  intervalStart,
  truncate,
  utcMidnight,
} from './interval.ts'

interface Vectors {
  intervalCases: { name: string; time: string; interval: number; intervalStart: string }[]
  daysBetweenCases: { name: string; a: number; b: number; days: number }[]
  truncateCases: { name: string; time: string; windowSeconds: number; truncated: string }[]
  embargoCases: {
    name: string
    rollingStartNumber: number
    rollingPeriod: number
    windowSeconds: number
    createdAt: string
  }[]
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../testdata/publish-intervals.json', import.meta.url), 'utf8'),
)

describe('intervals agree with the reference server', () => {
  test.each(vectors.intervalCases)('$name', ({ time, interval, intervalStart: start }) => {
    expect(intervalNumber(new Date(time))).toBe(interval)
    expect(intervalStart(interval)).toEqual(new Date(start))
  })

  test.each(vectors.daysBetweenCases)('days between: $name', ({ a, b, days }) => {
    expect(daysBetween(a, b)).toBe(days)
  })

  test.each(vectors.truncateCases)('$name', ({ time, windowSeconds, truncated }) => {
    expect(truncate(new Date(time), windowSeconds * 1000)).toEqual(new Date(truncated))
  })

  test.each(vectors.embargoCases)('$name', (given) => {
    const end = given.rollingStartNumber + given.rollingPeriod
    expect(embargoedUntil(end, given.windowSeconds * 1000)).toEqual(new Date(given.createdAt))
  })
})

test('time goes on after 2038', () => {
  expect(intervalNumber(new Date('2038-01-19T03:20:00Z'))).toBe(3_579_140)
  expect(daysBetween(3_579_140, intervalNumber(new Date('2050-01-01T00:00:00Z')))).toBe(4365)
})

test('an interval is ten minutes, in either unit', () => {
  expect(INTERVAL_SECONDS * 1000).toBe(INTERVAL_MS)
  expect(intervalNumber(INTERVAL_MS)).toBe(1)
})

test('a UTC midnight is the start of its day, before 1970 too', () => {
  expect(utcMidnight(new Date('2020-10-05T23:59:59.999Z'))).toEqual(new Date('2020-10-05'))
  expect(utcMidnight(new Date('1969-12-31T12:00:00Z'))).toEqual(new Date('1969-12-31'))
})

test('a moment lies in the window it is truncated to, whatever the window', () => {
  const moments = fc.date({
    min: new Date('0001-01-01'),
    max: new Date('2200-01-01'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(moments, fc.integer({ min: 1, max: 1_000_000_000 }), (at, windowMs) => {
      const start = truncate(at, windowMs)
      expect(start.getTime()).toBeLessThanOrEqual(at.getTime())
      expect(start.getTime() + windowMs).toBeGreaterThan(at.getTime())
      expect(truncate(start, windowMs)).toEqual(start)
    }),
  )
})

test('an embargo ends after its key, by no more than a window', () => {
  const windows = fc.integer({ min: 1, max: 86_400 })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5_000_000 }), windows, (end, windowSeconds) => {
      const until = embargoedUntil(end, windowSeconds * 1000).getTime()
      expect(until).toBeGreaterThan(end * INTERVAL_MS)
      expect(until).toBeLessThanOrEqual(end * INTERVAL_MS + windowSeconds * 1000)
    }),
  )
})
