import type { exposures } from '@ens/database'
import { PLATFORMS, type Platform, type PublishInfo, truncate } from '@ens/domain'

const HOUR_MS = 3_600_000

/** The last bucket of each distribution holds everything above it too. */
const LAST_AGE_DAYS = 15
const LAST_ONSET_DAYS = 29

export interface CountedPublish {
  healthAuthorityId: number
  platform: Platform
  /** Whether any key was revised; then ages and onset are not counted. */
  isRevision: boolean
}

/** The row that a publish adds to the statistics. */
export function publishStatistics(
  { createdAt, oldestDays, onsetDaysAgo, missingOnset }: PublishInfo,
  { healthAuthorityId, platform, isRevision }: CountedPublish,
): exposures.PublishStatistics {
  const hasOnset = !isRevision && !missingOnset
  return {
    healthAuthorityId,
    hour: truncate(createdAt, HOUR_MS),
    platform: PLATFORMS.indexOf(platform),
    oldestKeyDays: isRevision ? undefined : bucket(oldestDays, LAST_AGE_DAYS),
    onsetAgeDays: hasOnset ? bucket(onsetDaysAgo, LAST_ONSET_DAYS) : undefined,
    isRevision,
    isOnsetMissing: !isRevision && missingOnset,
  }
}

/** Negative ages are not counted. */
function bucket(days: number, last: number): number | undefined {
  return days < 0 ? undefined : Math.min(days, last)
}
