import type { exposureStats } from '@ens/database'
import { DAY_MS, PLATFORMS, utcMidnight } from '@ens/domain'

/** The publishes of one UTC day, as the statistics API shows them. */
export interface DayStats {
  /** Midnight, RFC 3339 without fractions. */
  day: string
  publish_requests: { unknown: number; android: number; ios: number }
  total_teks_published: number
  requests_with_revisions: number
  /** By days since the oldest key began; 15 and more in the last. */
  tek_age_distribution: number[]
  /** By days since the onset of symptoms; 29 and more in the last. */
  onset_to_upload_distribution: number[]
  requests_missing_onset_date: number
}

export interface DailyStatsOptions {
  /** Days with fewer publishes are withheld, because they could tell of single people. */
  minimumPublishes: number
  /** So long after its end a day is shown whatever its size; nothing or less: never. */
  embargoMs: number
}

const AGES = 16
const ONSETS = 30

/** Sums hours to days, oldest first, and withholds those that may not be shown yet. */
export function dailyStats(
  hours: readonly exposureStats.PublishHour[],
  { minimumPublishes, embargoMs }: DailyStatsOptions,
  now: Date,
): DayStats[] {
  const days = new Map<number, Day>()
  for (const hour of hours) {
    const midnight = utcMidnight(hour.hour).getTime()
    const day = days.get(midnight) ?? emptyDay(midnight)
    add(day, hour)
    days.set(midnight, day)
  }
  const isShown = ({ midnight, publishes }: Day) =>
    total(publishes) >= minimumPublishes ||
    (embargoMs > 0 && midnight + DAY_MS + embargoMs < now.getTime())
  return [...days.values()]
    .filter(isShown)
    .sort((a, b) => a.midnight - b.midnight)
    .map(asShown)
}

/** An hour's sums under the midnight they are added to. */
interface Day extends Omit<exposureStats.PublishHour, 'hour'> {
  midnight: number
}

function emptyDay(midnight: number): Day {
  return {
    midnight,
    publishes: zeros(PLATFORMS.length),
    keyCount: 0,
    revisions: 0,
    oldestKeyDays: zeros(AGES),
    onsetAgeDays: zeros(ONSETS),
    missingOnset: 0,
  }
}

function add(day: Day, hour: exposureStats.PublishHour): void {
  addEach(day.publishes, hour.publishes)
  addEach(day.oldestKeyDays, hour.oldestKeyDays)
  addEach(day.onsetAgeDays, hour.onsetAgeDays)
  day.keyCount += hour.keyCount
  day.revisions += hour.revisions
  day.missingOnset += hour.missingOnset
}

function asShown(day: Day): DayStats {
  const [unknown = 0, android = 0, ios = 0] = day.publishes
  return {
    day: new Date(day.midnight).toISOString().replace('.000Z', 'Z'),
    publish_requests: { unknown, android, ios },
    total_teks_published: day.keyCount,
    requests_with_revisions: day.revisions,
    tek_age_distribution: day.oldestKeyDays,
    onset_to_upload_distribution: day.onsetAgeDays,
    requests_missing_onset_date: day.missingOnset,
  }
}

function addEach(sums: number[], counts: readonly number[]): void {
  for (const [at, count] of counts.entries()) sums[at] = (sums[at] ?? 0) + count
}

const zeros = (length: number) => Array.from({ length }, () => 0)

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0)
