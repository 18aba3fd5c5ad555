import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchRanges } from './export-batch.ts'

interface Case {
  name: string
  effective_now: string
  latest_end: string
  period: string
  truncate_window: string
  want: [string, string][]
}

const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(new URL('../testdata/export-batch-ranges.json', import.meta.url), 'utf8'),
)

const UNIT_MS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000 }

describe('windows fall due as on the reference server', () => {
  test.each(cases)('$name', ({ effective_now, latest_end, period, truncate_window, want }) => {
    const ranges = batchRanges({
      effectiveNow: new Date(effective_now),
      latestEnd: latest_end ? new Date(latest_end) : undefined,
      periodMs: milliseconds(period),
      truncateWindowMs: milliseconds(truncate_window),
    })
    expect(ranges).toEqual(
      want.map(([start, end]) => ({ start: new Date(start), end: new Date(end) })),
    )
  })
})

test('after an outage a limit takes the oldest windows first', () => {
  const ranges = batchRanges({
    effectiveNow: new Date('2021-10-05T12:00:00Z'),
    latestEnd: new Date('2020-10-05T12:00:00Z'),
    periodMs: 1000,
    truncateWindowMs: 1000,
    limit: 2,
  })
  expect(ranges.map(({ start }) => start)).toEqual([
    new Date('2020-10-05T12:00:00Z'),
    new Date('2020-10-05T12:00:01Z'),
  ])
})

test('a period without length is refused instead of never ending', () => {
  const input = { effectiveNow: new Date(0), latestEnd: undefined, truncateWindowMs: 1 }
  expect(() => batchRanges({ ...input, periodMs: 0 })).toThrow(
    expect.objectContaining({ code: 'invalid_export_config' }),
  )
})

test('windows join without a gap, from the last one on, and never reach an open publish window', () => {
  const moments = fc.integer({ min: 1_577_836_800, max: 1_577_836_800 + 200_000 })
  const divisors = fc.constantFrom(600, 900, 3600, 14_400, 86_400)
  fc.assert(
    fc.property(moments, moments, divisors, divisors, (now, latest, period, window) => {
      const ranges = batchRanges({
        effectiveNow: new Date(now * 1000),
        latestEnd: new Date(latest * 1000),
        periodMs: period * 1000,
        truncateWindowMs: window * 1000,
      })
      for (const [i, { start, end }] of ranges.entries()) {
        const previousEnd = ranges[i - 1]?.end
        if (previousEnd) expect(start).toEqual(previousEnd)
        else expect(start.getTime()).toBeLessThanOrEqual(latest * 1000)
        expect(end.getTime() - start.getTime()).toBe(period * 1000)
        expect(end.getTime()).toBeGreaterThan(latest * 1000)
        expect(end.getTime()).toBeLessThanOrEqual(Math.floor(now / window) * window * 1000)
      }
    }),
  )
})

function milliseconds(duration: string): number {
  return Number.parseInt(duration, 10) * (UNIT_MS[duration.slice(-1)] ?? Number.NaN)
}
