import type { Exposure } from '@ens/domain'
import sql from 'sql-template-tag'
import type { Queryable, QueryOptions } from '../database.ts'
import { publishTooLate } from '../errors.ts'
import { isFault } from '../fault.ts'
import { type Admission, admitting } from './admission.ts'
import { counting, insertion, type PublishStatistics } from './insertion.ts'

export interface NewPublish {
  /** Distinct keys of one publish, in the order of the keys. */
  exposures: readonly Exposure[]
  admission: Admission
  statistics: PublishStatistics | undefined
}

const PARTIAL = 'EN001'
const TOO_LATE = 'EN002'

/**
 * Stores a publish whose keys are all new, with its statistics, in one statement: all of it, or nothing when any key is
 * there already, and then answers false. Throws `publish_too_late`.
 */
export async function insertAll(
  db: Queryable,
  { exposures, admission, statistics }: NewPublish,
  options?: QueryOptions,
): Promise<boolean> {
  const statement = sql`
    with admitted as materialized (${admitting(admission)}),
    inserted as (${insertion(exposures, sql`admitted`)}),
    counted as (${counting(statistics, sql`(select count(*) from inserted)`)}),
    total as (select count(*)::integer as inserted from inserted)
    select case when inserted < ${exposures.length}
      then refuse_partial_publish(${exposures.length}, inserted) end
    from total`
  try {
    await db.query(statement, options)
    return true
  } catch (error) {
    if (isFault(error, PARTIAL)) return false
    throw whetherLate(error)
  }
}

/** What a refusal by the guard of arrivals means to callers; other errors stay as they are. */
export function whetherLate(error: unknown): unknown {
  return isFault(error, TOO_LATE) ? publishTooLate(undefined, { cause: error }) : error
}
