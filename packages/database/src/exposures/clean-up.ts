import { DAY_MS } from '@ens/domain'
import sql from 'sql-template-tag'
import type { Queryable, Transaction } from '../database.ts'

/** Longest that a key is kept beyond its time because its revision is still due in an export. */
const LONGEST_STAY_MS = 2 * DAY_MS

export interface Expired {
  /** Keys that arrived before it go, whoever published, generated or federated them. */
  cutoff: Date
  /** Keys that were revised at this moment or later stay a while longer; undefined: no revision is due any more. */
  revisionsDueSince: Date | undefined
  /** Keys that arrived before it were dealt with already; from `deleteExpired`. */
  after?: Date | undefined
  limit: number
}

/**
 * Deletes the oldest expired keys, at most `limit` of them, and says how many and when the last of them arrived. A key that a
 * publish is just revising is passed over: this waits for no publish, and a publish waits for one such statement at most.
 */
export async function deleteExpired(
  tx: Transaction,
  { cutoff, revisionsDueSince, after, limit }: Expired,
): Promise<{ deleted: number; last: Date | undefined }> {
  const final = new Date(cutoff.getTime() - LONGEST_STAY_MS)
  await onlyWalkIndexes(tx)
  // The lower bound saves walking again over what earlier statements have deleted.
  const [row] = await tx.query<{ deleted: number; last: Date | null }>(sql`
    with gone as (
      delete from exposure where exposure_key = any(array(
        select exposure_key from exposure
        where created_at >= coalesce(${after ?? null}::timestamptz, '-infinity') and created_at < ${cutoff}
          and (revised_at is null or revised_at < coalesce(${revisionsDueSince ?? null}::timestamptz, 'infinity')
            or created_at < ${final})
        order by created_at
        limit ${limit}
        for update skip locked))
      returning created_at)
    select count(*) as deleted, max(created_at) as last from gone`)
  return { deleted: row?.deleted ?? 0, last: row?.last ?? undefined }
}

/** Without statistics the planner takes the expired keys for few, and would read and sort all of them for each batch. */
async function onlyWalkIndexes(tx: Transaction): Promise<void> {
  await tx.query(sql`
    select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`)
}

/**
 * Revisions before this moment are in the archives of every export config; undefined if none of them will export anything
 * more. It is the earliest window that is not done, or the end of the last one where another is to come. A config's
 * first window begins less than three days before the config: two periods and a window of arrivals, each a day at most.
 */
export async function revisionsDueSince(db: Queryable, now: Date): Promise<Date | undefined> {
  const [row] = await db.query<{ since: Date | null }>(sql`
    select min(since) as since from (
      select keys_from as since from export_batch where status in ('OPEN', 'PENDING')
      union all
      select coalesce(latest_end, from_timestamp - interval '3 days')
      from export_config, lateral (
        select max(end_timestamp) as latest_end from export_batch where config_id = export_config.id
      ) as batches
      where thru_timestamp is null or thru_timestamp > coalesce(latest_end, ${now}::timestamptz)
    ) as exports`)
  return row?.since ?? undefined
}
