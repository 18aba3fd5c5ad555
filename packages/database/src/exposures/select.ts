import type { ReportType } from '@ens/domain'
import sql, { type Sql } from 'sql-template-tag'
import type { Queryable, Transaction } from '../database.ts'

/** Which keys go into the archives of one window. */
export interface Selection {
  /** Inclusive. Keys that came before it were in an earlier window. */
  keysFrom: Date
  /** Exclusive. */
  end: Date
  /** A key of any of these is taken. */
  inputRegions: readonly string[]
  /** A key of any of these is left out, and so is one without any region, unless the list is empty. */
  excludeRegions: readonly string[]
  /** Also takes travelers' keys of any region. */
  includeTravelers: boolean
  /** Leaves travelers' keys out, whatever else is asked for. */
  onlyNonTravelers: boolean
}

/** A key as phones are to see it. */
export interface SelectedKey {
  key: Buffer
  transmissionRisk: number
  intervalNumber: number
  intervalCount: number
  reportType: ReportType | undefined
  daysSinceSymptomOnset: number | undefined
}

interface Row {
  exposure_key: Buffer
  transmission_risk: number
  interval_number: number
  interval_count: number
  report_type: ReportType | null
  days_since_symptom_onset: number | null
}

/** How many keys, and how many revised keys, a window holds. */
export async function countSelected(
  db: Queryable,
  selection: Selection,
): Promise<{ keys: number; revisedKeys: number }> {
  const [row] = await db.query<{ keys: number; revised_keys: number }>(sql`
    select
      (select count(*) from exposure where ${isReleased(selection)}) as keys,
      (select count(*) from exposure where ${isRevised(selection)}) as revised_keys`)
  return { keys: row?.keys ?? 0, revisedKeys: row?.revised_keys ?? 0 }
}

/**
 * The keys that the window releases, in their state at its end; one that was revoked by then is not among them. Equal
 * metadata stands together, and within it the order is by key, so that the order tells nothing but the set.
 */
export async function* streamKeys(
  tx: Transaction,
  selection: Selection,
  pageSize: number,
): AsyncGenerator<SelectedKey[]> {
  const { end } = selection
  const pages = tx.stream<Row>(
    sql`
      select
        case when revised_at < ${end} then revised_report_type else report_type end as report_type,
        case when revised_at < ${end} then revised_days_since_symptom_onset
          else days_since_symptom_onset end as days_since_symptom_onset,
        case when revised_at < ${end} then revised_transmission_risk
          else transmission_risk end as transmission_risk,
        interval_number, interval_count, exposure_key
      from exposure where ${isReleased(selection)}
      order by 1, 2, 3, 4, 5, 6`,
    pageSize,
  )
  for await (const page of pages) yield page.map(toSelectedKey)
}

/** The keys that were released before the window began and revised within it, as revised; in the order of `streamKeys`. */
export async function* streamRevisedKeys(
  tx: Transaction,
  selection: Selection,
  pageSize: number,
): AsyncGenerator<SelectedKey[]> {
  const pages = tx.stream<Row>(
    sql`
      select revised_report_type as report_type,
        revised_days_since_symptom_onset as days_since_symptom_onset,
        revised_transmission_risk as transmission_risk,
        interval_number, interval_count, exposure_key
      from exposure where ${isRevised(selection)}
      order by 1, 2, 3, 4, 5, 6`,
    pageSize,
  )
  for await (const page of pages) yield page.map(toSelectedKey)
}

/** When the oldest key of a selection arrived; undefined if there is none. */
export async function oldestArrival(
  db: Queryable,
  selection: Selection,
): Promise<Date | undefined> {
  const [row] = await db.query<{ created_at: Date }>(sql`
    select created_at from exposure where ${isReleased(selection)}
    order by created_at limit 1`)
  return row?.created_at
}

/** Which keys `streamKeys` gives; a clause about the table `exposure`. */
export function isReleased(selection: Selection): Sql {
  const { keysFrom, end } = selection
  return sql`created_at >= ${keysFrom} and created_at < ${end}
    and (revised_at is null or revised_at >= ${end} or revised_report_type <> 'negative')
    and ${isOfRegions(selection)}`
}

function isRevised(selection: Selection): Sql {
  const { keysFrom, end } = selection
  return sql`revised_at >= ${keysFrom} and revised_at < ${end} and created_at < ${keysFrom}
    and ${isOfRegions(selection)}`
}

function isOfRegions(selection: Selection): Sql {
  const { inputRegions, excludeRegions, includeTravelers, onlyNonTravelers } = selection
  return sql`(regions && ${inputRegions}::text[] or (${includeTravelers} and traveler))
    and (${excludeRegions.length === 0}
      or (regions <> '{}' and not regions && ${excludeRegions}::text[]))
    and not (${onlyNonTravelers} and traveler)`
}

function toSelectedKey(row: Row): SelectedKey {
  return {
    key: row.exposure_key,
    transmissionRisk: row.transmission_risk,
    intervalNumber: row.interval_number,
    intervalCount: row.interval_count,
    reportType: row.report_type ?? undefined,
    daysSinceSymptomOnset: row.days_since_symptom_onset ?? undefined,
  }
}
