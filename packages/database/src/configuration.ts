import sql from 'sql-template-tag'
import type { Queryable, QueryOptions } from './database.ts'

/** Grows with every change of apps, authorities, their keys and the revision keys: what is cached of them is reloaded then. */
export async function version(db: Queryable, options?: QueryOptions): Promise<number> {
  const [row] = await db.query<{ version: number }>(
    sql`select version from configuration_version`,
    options,
  )
  return row?.version ?? 0
}
