import { readFileSync } from 'node:fs'
import type { exposures } from '@ens/database'
import { PLATFORMS, type Platform } from '@ens/domain'
import { OCTOBER_5_NOON } from '@ens/domain/testing'
import { describe, expect, test } from 'vitest'
import { publishStatistics } from './publish-statistics.ts'

interface GivenPublish {
  platform: string
  numTEKs: number
  revision: boolean
  oldestDays: number
  onsetDaysAgo: number
  missingOnset: boolean
}

interface HourRow {
  publish: number[]
  teks: number
  revisions: number
  oldestTekDays: number[]
  onsetAgeDays: number[]
  missingOnset: number
}

interface Step {
  publish: GivenPublish
  rowAfter: HourRow
}

const { addPublishSequence, addPublishEdgeCases }: Record<string, (Step & { name?: string })[]> =
  JSON.parse(readFileSync(new URL('../testdata/publish-stats.json', import.meta.url), 'utf8'))

describe('what publishes add up to is what the reference server counts', () => {
  test('one after another', () => {
    const row = emptyHour()
    for (const { publish, rowAfter } of addPublishSequence ?? []) {
      add(row, publish)
      expect(row).toEqual(rowAfter)
    }
  })

  test.each(addPublishEdgeCases ?? [])('$name', ({ publish, rowAfter }) => {
    const row = emptyHour()
    add(row, publish)
    expect(row).toEqual(rowAfter)
  })
})

test('a publish is counted in its full hour, and nothing finer is kept', () => {
  const info = {
    createdAt: new Date('2020-10-05T12:40:00Z'),
    oldestDays: 1,
    onsetDaysAgo: 1,
    missingOnset: false,
  }
  const counted = { healthAuthorityId: 7, platform: 'ios', isRevision: false } as const
  expect(publishStatistics(info, counted)).toMatchObject({ hour: OCTOBER_5_NOON, platform: 2 })
})

function emptyHour(): HourRow {
  return {
    publish: [0, 0, 0],
    teks: 0,
    revisions: 0,
    oldestTekDays: Array(16).fill(0),
    onsetAgeDays: Array(30).fill(0),
    missingOnset: 0,
  }
}

function add(row: HourRow, given: GivenPublish): void {
  const event = publishStatistics(
    { createdAt: OCTOBER_5_NOON, ...given },
    { healthAuthorityId: 7, platform: platformIn(given), isRevision: given.revision },
  )
  row.teks += given.numTEKs
  if (event.isRevision) row.revisions++
  if (event.isOnsetMissing) row.missingOnset++
  count(row.publish, event.platform)
  count(row.oldestTekDays, event.oldestKeyDays)
  count(row.onsetAgeDays, event.onsetAgeDays)
}

function count(buckets: number[], bucket: exposures.PublishStatistics['oldestKeyDays']): void {
  if (bucket !== undefined) buckets[bucket] = (buckets[bucket] ?? 0) + 1
}

function platformIn({ platform }: GivenPublish): Platform {
  return PLATFORMS.find((known) => known === platform) ?? 'unknown'
}
