import sql from 'sql-template-tag'
import type { Queryable, Transaction } from '../database.ts'
import { isReleased, type Selection } from './select.ts'

/** The app of keys that nobody published. It is never shown to anybody outside. */
export const GENERATED = 'export-generated'

/** A stored key that a generated one can be made after. */
export interface Pattern {
  key: Buffer
  createdAt: Date
}

export interface GeneratedExposure {
  key: Buffer
  /** The key whose metadata it shares, as phones see it at the end of the window. */
  pattern: Buffer
  createdAt: Date
}

/** The keys of a window that were published, by key; if there is none, those that were generated for other windows. */
export async function listPatterns(db: Queryable, selection: Selection): Promise<Pattern[]> {
  const rows = await db.query<{ exposure_key: Buffer; created_at: Date; generated: boolean }>(sql`
    select exposure_key, created_at, app_package_name = ${GENERATED} as generated
    from exposure where ${isReleased(selection)}
    order by exposure_key`)
  const published = rows.filter(({ generated }) => !generated)
  const patterns = published.length > 0 ? published : rows
  return patterns.map((row) => ({ key: row.exposure_key, createdAt: row.created_at }))
}

/** Stores generated keys as if they had been published here, and says how many; a key that is there already is left as it is. */
export function insertGenerated(
  tx: Transaction,
  { end }: Pick<Selection, 'end'>,
  exposures: readonly GeneratedExposure[],
): Promise<number> {
  return tx.execute(sql`
    insert into exposure (exposure_key, transmission_risk, app_package_name, regions, traveler,
      interval_number, interval_count, created_at, local_provenance, report_type,
      days_since_symptom_onset)
    select given.key,
      case when revised_at < ${end} then revised_transmission_risk else transmission_risk end,
      ${GENERATED}, regions, traveler, interval_number, interval_count, given.created_at, true,
      case when revised_at < ${end} then revised_report_type else report_type end,
      case when revised_at < ${end} then revised_days_since_symptom_onset
        else days_since_symptom_onset end
    from unnest(
      ${exposures.map(({ key }) => key)}::bytea[],
      ${exposures.map(({ pattern }) => pattern)}::bytea[],
      ${exposures.map(({ createdAt }) => createdAt)}::timestamptz[])
      as given (key, pattern, created_at)
    join exposure on exposure_key = given.pattern
    order by given.key
    on conflict (exposure_key) do nothing`)
}
