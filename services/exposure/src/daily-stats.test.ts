import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type DayStats, dailyStats } from './daily-stats.ts'

interface GivenHour {
  hour: string
  publish: number[]
  teks: number
  revisions: number
  oldestTekDays: number[]
  onsetAgeDays: number[]
  missingOnset: number
}

interface Case {
  name: string
  description: string
  rows: GivenHour[]
  now: string
  onlyBefore: string
  uploadMinimum: number
  embargoSeconds: number
  expect: DayStats[]
}

const { reduceCases }: { reduceCases: Case[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-stats.json', import.meta.url), 'utf8'),
)

test.each(reduceCases)('$name: $description', ({ rows, now, onlyBefore, ...given }) => {
  // Hours from the limit on are left out by the query.
  const hours = rows.map(hourFrom).filter(({ hour }) => hour < new Date(onlyBefore))
  const options = {
    minimumPublishes: given.uploadMinimum,
    embargoMs: given.embargoSeconds * 1000,
  }
  expect(dailyStats(hours, options, new Date(now))).toEqual(given.expect)
})

test('an hour that comes in two parts counts once', () => {
  const [given] = reduceCases.flatMap(({ rows }) => rows)
  if (!given) throw new Error('no rows')
  const options = { minimumPublishes: 1, embargoMs: 0 }
  const day = (times: number) =>
    dailyStats(Array(times).fill(hourFrom(given)), options, new Date(0))[0]
  expect(day(2)?.total_teks_published).toBe(2 * (day(1)?.total_teks_published ?? 0))
})

function hourFrom(given: GivenHour) {
  return {
    hour: new Date(given.hour),
    publishes: given.publish,
    keyCount: given.teks,
    revisions: given.revisions,
    oldestKeyDays: given.oldestTekDays,
    onsetAgeDays: given.onsetAgeDays,
    missingOnset: given.missingOnset,
  }
}
