import type { ReportType } from '@ens/domain'
import sql, { type Sql } from 'sql-template-tag'
import { type CopiedRow, copiedRows } from '../copied-rows.ts'
import type { Queryable, Transaction } from '../database.ts'
import {
  asParameters,
  asSettings,
  isReleased,
  isRevised,
  type Selection,
  type SelectionTerms,
} from './selection.ts'

/** A key as phones are to see it. */
export interface SelectedKey {
  key: Buffer
  transmissionRisk: number
  intervalNumber: number
  intervalCount: number
  reportType: ReportType | undefined
  daysSinceSymptomOnset: number | undefined
}

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
 * arrives at once, some hundreds.
 */
export async function* streamKeys(
  tx: Transaction,
  selection: Selection,
): AsyncGenerator<SelectedKey[]> {
  const terms = await asSettings(tx, selection)
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
  )
}

/** The keys that were released before the window began and revised within it, as revised; in the order of `streamKeys`. */
export async function* streamRevisedKeys(
  tx: Transaction,
  selection: Selection,
): AsyncGenerator<SelectedKey[]> {
  const terms: SelectionTerms = await asSettings(tx, selection)
  yield* inOrder(
    tx,
    sql`
      select exposure_key, interval_number, interval_count, revised_report_type as report_type,
        revised_days_since_symptom_onset as days_since_symptom_onset,
        revised_transmission_risk as transmission_risk
      from exposure where ${isRevised(terms)}`,
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

/** By their codes in `reportTypeCode`. */
const REPORT_TYPES: readonly (ReportType | undefined)[] = [
  undefined,
  'confirmed',
  'likely',
  'user-report',
  'negative',
]

const reportTypeCode = sql`
  case report_type when 'confirmed' then 1 when 'likely' then 2 when 'user-report' then 3
    when 'negative' then 4 else 0 end`

/**
 * Metadata and the first bytes of the key in one number, by which a sort takes a third of the time that the columns take. The
 * metadata of different keys can share one, after which it only is compressed a little worse: onsets 256 days apart, intervals 32.
 */
const orderOfMetadata = sql`
  (((((${reportTypeCode})::bigint * 256 + ((coalesce(days_since_symptom_onset, 127) + 128) & 255)) * 16
    + transmission_risk) * 256 + interval_count) * 4608 + (interval_number & 2147483647) % 4608) * 16777216
    + get_byte(exposure_key, 0) * 65536 + get_byte(exposure_key, 1) * 256 + get_byte(exposure_key, 2)`

const FIELDS = 6

async function* inOrder(tx: Transaction, selected: Sql): AsyncGenerator<SelectedKey[]> {
  const rows = copiedRows(FIELDS, toSelectedKey)
  const pieces = tx.copyOut(sql`
    select exposure_key, interval_number, interval_count, (${reportTypeCode})::smallint,
      days_since_symptom_onset, transmission_risk
    from (${selected}) as selected
    order by ${orderOfMetadata}, exposure_key`)
  for await (const piece of pieces) {
    const page = rows(piece)
    if (page.length > 0) yield page
  }
}

/** By the places of the values: key, interval number (int4), and int2 for the count, the type, the onset and the risk. */
function toSelectedKey({ bytes, starts, lengths }: CopiedRow): SelectedKey {
  const [key = 0, number = 0, count = 0, type = 0, onset = 0, risk = 0] = starts
  const hasOnset = (lengths[4] ?? 0) > 0
  return {
    key: bytes.subarray(key, key + (lengths[0] ?? 0)),
    transmissionRisk: bytes.readInt16BE(risk),
    intervalNumber: bytes.readInt32BE(number),
    intervalCount: bytes.readInt16BE(count),
    reportType: REPORT_TYPES[bytes.readInt16BE(type)],
    daysSinceSymptomOnset: hasOnset ? bytes.readInt16BE(onset) : undefined,
  }
}
