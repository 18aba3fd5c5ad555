import sql from 'sql-template-tag'
import type { Queryable, Transaction } from '../database.ts'
import { asParameters, isReleased, type Selection } from './selection.ts'

/** The app of keys that nobody published. It is never shown to anybody outside. */
export const GENERATED = 'export-generated'

/** A key that a window releases. */
export interface Present {
  key: Buffer
  createdAt: Date
  isGenerated: boolean
}

export interface GeneratedExposure {
  key: Buffer
  /** The stored key whose metadata it shares, as phones see it at the end of the window. */
  model: Buffer
  createdAt: Date
}

/** How many keys a window releases, as far as it is worth counting: `limit` at most. */
export async function countPresent(
  db: Queryable,
  selection: Selection,
  limit: number,
): Promise<number> {
  const [row] = await db.query<{ count: number }>(sql`
    select count(*) as count from (
      select from exposure where ${isReleased(asParameters(selection))} limit ${limit}) as present`)
  return row?.count ?? 0
}

/** The keys that a window releases, in no order, but no more than `limit` of them. */
export async function listPresent(
  db: Queryable,
  selection: Selection,
  limit: number,
): Promise<Present[]> {
  const rows = await db.query<{ exposure_key: Buffer; created_at: Date; is_generated: boolean }>(
    sql`
      select exposure_key, created_at, app_package_name = ${GENERATED} as is_generated
      from exposure where ${isReleased(asParameters(selection))}
      limit ${limit}`,
  )
  return rows.map((row) => ({
    key: row.exposure_key,
    createdAt: row.created_at,
    isGenerated: row.is_generated,
  }))
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
      ${exposures.map(({ model }) => model)}::bytea[],
      ${exposures.map(({ createdAt }) => createdAt)}::timestamptz[])
      as given (key, model, created_at)
    join exposure on exposure_key = given.model
    order by given.key
    on conflict (exposure_key) do nothing`)
}
