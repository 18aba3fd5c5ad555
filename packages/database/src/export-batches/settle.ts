import sql from 'sql-template-tag'
import type { Transaction } from '../database.ts'
import { type BatchRow, batchColumns, fromRow, type StoredBatch } from './row.ts'

const SETTLING_LOCK = 454_002

/** Batches are settled by one worker at a time; the lock ends with the transaction. */
export async function lockSettling(tx: Transaction): Promise<void> {
  await tx.query(sql`select pg_advisory_xact_lock(${SETTLING_LOCK})`)
}

/** The batches that have to be settled before this one may be read, itself included, shorter windows first. */
export async function listUnsettled(tx: Transaction, batch: StoredBatch): Promise<StoredBatch[]> {
  const rows = await tx.query<BatchRow>(sql`
    select ${batchColumns} from export_batch
    where settled_at is null and status in ('OPEN', 'PENDING')
      and keys_from < ${batch.end} and end_timestamp > ${batch.keysFrom}
      and (id = ${batch.id}
        or end_timestamp - start_timestamp < ${batch.end}::timestamptz - ${batch.start}::timestamptz
        or (end_timestamp - start_timestamp = ${batch.end}::timestamptz - ${batch.start}::timestamptz
          and (end_timestamp, id) < (${batch.end}, ${batch.id})))
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
