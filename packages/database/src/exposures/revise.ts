import type { Exposure, Revision } from '@ens/domain'
import sql from 'sql-template-tag'
import { instantArray, numberArray } from '../array-text.ts'
import type { Transaction } from '../database.ts'
import { type Admission, admitting } from './admission.ts'
import { counting, insertion, type PublishStatistics } from './insertion.ts'
import { whetherLate } from './publish.ts'
import { type ExposureRow, exposureColumns, fromRow } from './row.ts'

/** A revision of one stored key. */
export interface KeyRevision extends Revision {
  key: Buffer
  /** Replaces the stored one, also with none. */
  healthAuthorityId: number | undefined
}

export interface Changes {
  /** Distinct new keys of one publish. */
  inserts: readonly Exposure[]
  revisions: readonly KeyRevision[]
  statistics: PublishStatistics | undefined
}

/** Lets a publish in; the first statement of a transaction that may insert and revise. Throws `publish_too_late`. */
export async function admit(tx: Transaction, admission: Admission): Promise<void> {
  try {
    await tx.query(admitting(admission))
  } catch (error) {
    throw whetherLate(error)
  }
}

/** Those of the keys that are stored, locked in the order of the keys, which is everybody's. */
export async function lockStored(tx: Transaction, keys: readonly Buffer[]): Promise<Exposure[]> {
  const rows = await tx.query<ExposureRow>(sql`
    select ${exposureColumns} from exposure
    where exposure_key = any(${keys}::bytea[])
    order by exposure_key
    for update`)
  return rows.map(fromRow)
}

/**
 * Writes what a publish changes, with its statistics, and says how much was written. Fewer inserts than asked for mean
 * that another publish was faster with some key: the transaction must then be given up and tried again.
 */
export async function write(
  tx: Transaction,
  { inserts, revisions, statistics }: Changes,
): Promise<{ inserted: number; revised: number }> {
  const [written] = await tx.query<{ inserted: number; revised: number }>(sql`
    with inserted as (${insertion(inserts, sql`(select) as gate`)}),
    revised as (${revising(revisions)}),
    total as (select (select count(*) from inserted) as inserted, (select count(*) from revised) as revised),
    counted as (${counting(statistics, sql`(select inserted + revised from total)`)})
    select inserted, revised from total`)
  return written ?? { inserted: 0, revised: 0 }
}

/** A key that was revised meanwhile is not revised again. */
function revising(revisions: readonly KeyRevision[]) {
  return sql`
    update exposure
    set revised_report_type = given.report_type, revised_at = given.at, revised_days_since_symptom_onset = days,
      revised_transmission_risk = risk, health_authority_id = authority
    from unnest(
      ${revisions.map(({ key }) => key)}::bytea[],
      ${revisions.map(({ reportType }) => reportType)}::report_type[],
      ${instantArray(revisions.map(({ revisedAt }) => revisedAt))}::timestamptz[],
      ${numberArray(revisions.map(({ daysSinceSymptomOnset }) => daysSinceSymptomOnset))}::smallint[],
      ${numberArray(revisions.map(({ transmissionRisk }) => transmissionRisk))}::smallint[],
      ${numberArray(revisions.map(({ healthAuthorityId }) => healthAuthorityId))}::integer[])
      as given (key, report_type, at, days, risk, authority)
    where exposure_key = given.key and revised_at is null
    returning 1`
}
