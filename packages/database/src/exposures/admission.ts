import sql, { type Sql } from 'sql-template-tag'

/** How far behind a publish may be, so that an export knows when no more can come. */
export interface Admission {
  arrivedAt: Date
  /** Most that the arrival may differ from the database's clock; undefined where the clock is moved on purpose. */
  maxSkewMs: number | undefined
  /** Longest to wait for another publish of the same keys. */
  maxWaitMs: number
}

/** Runs first in a publish; raises EN002 when it came too late. */
export function admitting({ arrivedAt, maxSkewMs, maxWaitMs }: Admission): Sql {
  return sql`select admit_publish(${arrivedAt}, ${maxSkewMs ?? null}, ${maxWaitMs})`
}
