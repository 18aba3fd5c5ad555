import { type KeyColumns, REPORT_TYPES, reportTypeNumber } from '@ens/domain'
import sql, { join, type Sql } from 'sql-template-tag'
import type { Queryable, Transaction } from '../database.ts'
import { keyPages } from './key-pages.ts'
import {
  asLiterals,
  asParameters,
  isReleased,
  isRevised,
  type Selection,
  type SelectionTerms,
} from './selection.ts'

/** How many keys, and how many revised keys, a window holds. */
export async function countSelected(
  db: Queryable,
  selection: Selection,
): Promise<{ keys: number; revisedKeys: number }> {
  const terms = asParameters(selection)
  const [row] = await db.query<{ keys: number; revised_keys: number }>(sql`
    select
      (select count(*) from exposure where ${isReleased(terms)}) as keys,
      (select count(*) from exposure where ${isRevised(terms)}) as revised_keys`)
  return { keys: row?.keys ?? 0, revisedKeys: row?.revised_keys ?? 0 }
}

/**
 * The keys that the window releases, in their state at its end; one that was revoked by then is not among them. Equal
 * metadata stands together, and within it the order is by key, so that the order tells nothing but the set. A page is what
 * arrives at once, some hundreds, and good until the next is asked for.
 */
export async function* streamKeys(
  tx: Transaction,
  selection: Selection,
  signal?: AbortSignal,
): AsyncGenerator<KeyColumns> {
  const terms = await asLiterals(tx, selection)
  const wasRevised = sql`revised_at < ${terms.end}`
  yield* inOrder(
    tx,
    sql`
      select exposure_key, interval_number, interval_count,
        case when ${wasRevised} then revised_report_type else report_type end as report_type,
        case when ${wasRevised} then revised_days_since_symptom_onset
          else days_since_symptom_onset end as days_since_symptom_onset,
        case when ${wasRevised} then revised_transmission_risk
          else transmission_risk end as transmission_risk
      from exposure where ${isReleased(terms)}`,
    signal,
  )
}

/** The keys that were released before the window began and revised within it, as revised; in the order of `streamKeys`. */
export async function* streamRevisedKeys(
  tx: Transaction,
  selection: Selection,
  signal?: AbortSignal,
): AsyncGenerator<KeyColumns> {
  const terms: SelectionTerms = await asLiterals(tx, selection)
  yield* inOrder(
    tx,
    sql`
      select exposure_key, interval_number, interval_count, revised_report_type as report_type,
        revised_days_since_symptom_onset as days_since_symptom_onset,
        revised_transmission_risk as transmission_risk
      from exposure where ${isRevised(terms)}`,
    signal,
  )
}

/** When the oldest key of a selection arrived; undefined if there is none. */
export async function oldestArrival(
  db: Queryable,
  selection: Selection,
): Promise<Date | undefined> {
  const [row] = await db.query<{ created_at: Date }>(sql`
    select created_at from exposure where ${isReleased(asParameters(selection))}
    order by created_at limit 1`)
  return row?.created_at
}

const reportType = sql`
  case report_type ${join(
    REPORT_TYPES.map((type) => sql([`when '${type}' then ${reportTypeNumber(type)}`])),
    ' ',
  )} else 0 end`

/**
 * Metadata and the first bytes of the key in one number, by which a sort takes a third of the time that the columns take. The
 * metadata of different keys can share one, after which it only is compressed a little worse: onsets 256 days apart, intervals 32.
 */
const orderOfMetadata = sql`
  (((((${reportType})::bigint * 256 + ((coalesce(days_since_symptom_onset, 127) + 128) & 255)) * 16
    + transmission_risk) * 256 + interval_count) * 4608 + (interval_number & 2147483647) % 4608) * 16777216
    + get_byte(exposure_key, 0) * 65536 + get_byte(exposure_key, 1) * 256 + get_byte(exposure_key, 2)`

async function* inOrder(
  tx: Transaction,
  selected: Sql,
  signal: AbortSignal | undefined,
): AsyncGenerator<KeyColumns> {
  const pages = keyPages()
  const query = sql`
    select exposure_key, interval_number, interval_count, (${reportType})::smallint,
      days_since_symptom_onset, transmission_risk
    from (${selected}) as selected
    order by ${orderOfMetadata}, exposure_key`
  const pieces = tx.copyOut(query, signal)
  for await (const piece of pieces) {
    const page = pages(piece)
    if (page.length > 0) yield page
  }
}
