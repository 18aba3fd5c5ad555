import sql, { join, type Sql } from 'sql-template-tag'
import type { Queryable } from './database.ts'

/** The publishes of one authority in one hour. Lists are by platform and by days. */
export interface PublishHour {
  hour: Date
  publishes: number[]
  keyCount: number
  revisions: number
  oldestKeyDays: number[]
  onsetAgeDays: number[]
  missingOnset: number
}

interface Row {
  hour: Date
  publishes: number[]
  key_count: number
  revisions: number
  oldest_key_days: number[]
  onset_age_days: number[]
  missing_onset: number
}

const PLATFORMS = 3
const AGES = 16
const ONSETS = 30

const sums = sql`publishes, key_count, revisions, oldest_key_days, onset_age_days, missing_onset`

/** What the events of one hour come to. */
const folded = sql`
  ${histogram(sql`platform`, PLATFORMS)} as publishes, sum(key_count)::bigint as key_count,
  count(*) filter (where revision)::integer as revisions,
  ${histogram(sql`oldest_key_days`, AGES)} as oldest_key_days,
  ${histogram(sql`onset_age_days`, ONSETS)} as onset_age_days,
  count(*) filter (where missing_onset)::integer as missing_onset`

/** The hours before this one in which an authority had publishes, oldest first. An hour may come in two parts. */
export async function listHours(
  db: Queryable,
  healthAuthorityId: number,
  before: Date,
): Promise<PublishHour[]> {
  const rows = await db.query<Row>(sql`
    select hour, ${sums} from publish_hour
    where health_authority_id = ${healthAuthorityId} and hour < ${before}
    union all
    select hour, ${folded} from publish_event
    where health_authority_id = ${healthAuthorityId} and hour < ${before}
    group by hour
    order by hour`)
  return rows.map(fromRow)
}

/** Replaces the events of hours before this one by their sums, and says how many; what comes later for such an hour is added by the next call. */
export async function fold(db: Queryable, before: Date): Promise<number> {
  const [row] = await db.query<{ count: number }>(sql`
      with event as (
        delete from publish_event where hour < ${before}
        returning health_authority_id, hour, key_count, platform, oldest_key_days, onset_age_days, revision,
          missing_onset),
      sums as (select health_authority_id, hour, ${folded} from event group by health_authority_id, hour),
      written as (
        insert into publish_hour as known (health_authority_id, hour, ${sums})
        select health_authority_id, hour, ${sums} from sums
        order by health_authority_id, hour
        on conflict (health_authority_id, hour) do update set
          publishes = ${added(sql`publishes`)},
          key_count = known.key_count + excluded.key_count,
          revisions = known.revisions + excluded.revisions,
          oldest_key_days = ${added(sql`oldest_key_days`)},
          onset_age_days = ${added(sql`onset_age_days`)},
          missing_onset = known.missing_onset + excluded.missing_onset)
      select count(*) as count from event`)
  return row?.count ?? 0
}

/** Deletes what was folded of hours before this one, and says how many hours. */
export function deleteBefore(db: Queryable, before: Date): Promise<number> {
  return db.execute(sql`delete from publish_hour where hour < ${before}`)
}

/** Deletes up to `limit` events of hours before this one that were never folded, and says how many. */
export function deleteEventsBefore(db: Queryable, before: Date, limit: number): Promise<number> {
  return db.execute(sql`
    delete from publish_event
    where ctid = any(array(
      select ctid from publish_event where hour < ${before} limit ${limit} for update skip locked))`)
}

/** How many events have each value, from 0 on. */
function histogram(column: Sql, buckets: number): Sql {
  const counts = Array.from(
    { length: buckets },
    (_, value) => sql`count(*) filter (where ${column} = ${value})::integer`,
  )
  return sql`array[${join(counts)}]`
}

/** The known list and the new one, element by element. */
function added(column: Sql): Sql {
  return sql`(
    select array_agg(a + b order by position)
    from unnest(known.${column}, excluded.${column}) with ordinality as pair (a, b, position))`
}

function fromRow(row: Row): PublishHour {
  return {
    hour: row.hour,
    publishes: row.publishes,
    keyCount: row.key_count,
    revisions: row.revisions,
    oldestKeyDays: row.oldest_key_days,
    onsetAgeDays: row.onset_age_days,
    missingOnset: row.missing_onset,
  }
}
