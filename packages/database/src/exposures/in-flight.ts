import sql from 'sql-template-tag'
import type { Queryable } from '../database.ts'

/**
 * Whether a publish that arrived before this moment may still become visible. To be asked in a statement of its own before
 * a window that ends then is read. `maxSkewMs` is that of the publishes; undefined where they are let in whatever their clock says.
 */
export async function publishesInFlight(
  db: Queryable,
  before: Date,
  maxSkewMs?: number,
): Promise<boolean> {
  const [row] = await db.query<{ in_flight: boolean }>(
    sql`select publishes_in_flight(${before}, ${maxSkewMs ?? null}) as in_flight`,
  )
  return row?.in_flight ?? true
}
