import sql from 'sql-template-tag'
import type { Transaction } from '../database.ts'
import { isFault } from '../fault.ts'
import { type BatchRow, batchColumns, fromRow, type StoredBatch } from './row.ts'

const SETTLING_LOCK = 454_002

const LOCK_NOT_AVAILABLE = '55P03'

/** Batches are made and settled by one at a time; the lock ends with the transaction. False if it could not be had in time. */
export async function lockSettling(tx: Transaction, waitMs: number): Promise<boolean> {
  await tx.execute(sql`savepoint settling`)
  await tx.query(sql`select set_config('lock_timeout', ${`${waitMs}ms`}, true)`)
  try {
    await tx.query(sql`select pg_advisory_xact_lock(${SETTLING_LOCK})`)
  } catch (error) {
    if (!(error instanceof Error && isFault(error.cause, LOCK_NOT_AVAILABLE))) throw error
    await tx.execute(sql`rollback to savepoint settling`)
    return false
  }
  await tx.query(sql`select set_config('lock_timeout', '0', true)`)
  return true
}

/**
 * The batches that have to be settled before this one may be read, itself included, shorter windows first: those that end with it,
 * shorter or longer, so that what one generates is in the others; all that end before it within the hours that those
 * cover; and the shorter ones that overlap it.
 */
export async function listUnsettled(tx: Transaction, batch: StoredBatch): Promise<StoredBatch[]> {
  const rows = await tx.query<BatchRow>(sql`
    select ${batchColumns} from export_batch
    where settled_at is null and status in ('OPEN', 'PENDING')
      and (
        (end_timestamp <= ${batch.end} and end_timestamp > (
          select min(keys_from) from export_batch as ending
          where ending.settled_at is null and ending.status in ('OPEN', 'PENDING')
            and ending.end_timestamp = ${batch.end}))
        or (keys_from < ${batch.end} and end_timestamp > ${batch.keysFrom}
          and end_timestamp - start_timestamp < ${batch.end}::timestamptz - ${batch.start}::timestamptz))
    order by end_timestamp - start_timestamp, end_timestamp, id`)
  return rows.map(fromRow)
}

/** Up to when other windows that overlap this one and end before it were settled; undefined if none was. */
export async function settledUntil(tx: Transaction, batch: StoredBatch): Promise<Date | undefined> {
  const [row] = await tx.query<{ until: Date | null }>(sql`
    select max(end_timestamp) as until from export_batch
    where settled_at is not null and end_timestamp > ${batch.keysFrom} and end_timestamp < ${batch.end}`)
  return row?.until ?? undefined
}

export async function markSettled(tx: Transaction, id: number, at: Date): Promise<void> {
  await tx.execute(sql`update export_batch set settled_at = ${at} where id = ${id}`)
}
