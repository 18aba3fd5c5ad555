import type { Exposure } from '@ens/domain'
import sql, { type Sql } from 'sql-template-tag'
import { instantArray, numberArray } from '../array-text.ts'

/** What a publish adds to the statistics: one row, no finer than the statistics show. */
export interface PublishStatistics {
  healthAuthorityId: number
  /** The full hour. */
  hour: Date
  /** Position in the statistics' list of platforms. */
  platform: number
  /** Bucket; undefined when it is not counted. */
  oldestKeyDays: number | undefined
  /** Bucket; undefined when it is not counted. */
  onsetAgeDays: number | undefined
  isRevision: boolean
  isOnsetMissing: boolean
}

/**
 * Inserts the keys of one publish that are not there yet, and returns a row for each. App, regions, traveler, report type
 * and authority are the publish's, so they are taken from its first key. In the order of the keys, which is everybody's:
 * two publishes of the same keys wait for each other and never deadlock. `gate` is a relation of one row that is made first.
 */
export function insertion(exposures: readonly Exposure[], gate: Sql): Sql {
  const [first] = exposures
  return sql`
    insert into exposure (exposure_key, transmission_risk, interval_number, interval_count, created_at,
      days_since_symptom_onset, app_package_name, regions, traveler, local_provenance, report_type,
      health_authority_id)
    select given.key, risk, number, count, created_at, days, ${first?.appPackageName ?? ''},
      ${first?.regions ?? []}::text[], ${first?.traveler ?? false}::boolean, ${first?.localProvenance ?? true}::boolean,
      ${first?.reportType ?? null}::report_type, ${first?.healthAuthorityId ?? null}::integer
    from ${gate}, unnest(
      ${exposures.map(({ key }) => key)}::bytea[],
      ${numberArray(exposures.map(({ transmissionRisk }) => transmissionRisk))}::smallint[],
      ${numberArray(exposures.map(({ intervalNumber }) => intervalNumber))}::integer[],
      ${numberArray(exposures.map(({ intervalCount }) => intervalCount))}::smallint[],
      ${instantArray(exposures.map(({ createdAt }) => createdAt))}::timestamptz[],
      ${numberArray(exposures.map(({ daysSinceSymptomOnset }) => daysSinceSymptomOnset))}::smallint[])
      as given (key, risk, number, count, created_at, days)
    order by given.key
    on conflict (exposure_key) do nothing
    returning 1`
}

/** Appends the row of the statistics, if there is one to append; `written` is how many keys were inserted and revised. */
export function counting(statistics: PublishStatistics | undefined, written: Sql): Sql {
  return sql`
    insert into publish_event (health_authority_id, hour, platform, oldest_key_days, onset_age_days, revision,
      missing_onset, key_count)
    select authority, ${statistics?.hour ?? null}::timestamptz, ${statistics?.platform ?? null}::smallint,
      ${statistics?.oldestKeyDays ?? null}::smallint, ${statistics?.onsetAgeDays ?? null}::smallint,
      ${statistics?.isRevision ?? null}::boolean, ${statistics?.isOnsetMissing ?? null}::boolean, ${written}
    from (select ${statistics?.healthAuthorityId ?? null}::integer as authority) as counted
    where authority is not null`
}
