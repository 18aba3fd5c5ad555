import sql from 'sql-template-tag'
import type { Queryable, Transaction } from '../database.ts'
import { type BatchRow, batchColumns, fromRow, type StoredBatch } from './row.ts'

/** Batches that are not complete, oldest windows first, but no more than `limit`. */
export async function listUnfinished(db: Queryable, limit: number): Promise<StoredBatch[]> {
  const rows = await db.query<BatchRow>(sql`
    select ${batchColumns} from export_batch where status in ('OPEN', 'PENDING')
    order by end_timestamp, id limit ${limit}`)
  return rows.map(fromRow)
}

/** How far the export of one config has come. */
export interface Progress {
  configId: number
  /** The end of its latest window that is complete, and when it became so. */
  exportedUntil: Date | undefined
  completedAt: Date | undefined
  /** Of every window. */
  latestEnd: Date
  /** Keys from here on are not exported yet. */
  unexportedFrom: Date
  unfinished: number
  failing: number
}

interface ProgressRow {
  config_id: number
  exported_until: Date | null
  completed_at: Date | null
  latest_end: Date
  unexported_from: Date
  unfinished: number
  failing: number
}

/** The progress of every config that has a batch. */
export async function listProgress(db: Queryable): Promise<Progress[]> {
  const rows = await db.query<ProgressRow>(sql`
    select config_id,
      max(end_timestamp) filter (where not is_unfinished) as exported_until,
      max(completed_at) as completed_at,
      max(end_timestamp) as latest_end,
      coalesce(min(keys_from) filter (where is_unfinished), max(end_timestamp)) as unexported_from,
      count(*) filter (where is_unfinished) as unfinished,
      count(*) filter (where is_unfinished and failures > 0) as failing
    from (
      select config_id, end_timestamp, keys_from, completed_at, failures,
        status in ('OPEN', 'PENDING') as is_unfinished
      from export_batch) as batch
    group by config_id order by config_id`)
  return rows.map((row) => ({
    configId: row.config_id,
    exportedUntil: row.exported_until ?? undefined,
    completedAt: row.completed_at ?? undefined,
    latestEnd: row.latest_end,
    unexportedFrom: row.unexported_from,
    unfinished: row.unfinished,
    failing: row.failing,
  }))
}

/** The batches of a config whose windows begin in a range, oldest first. */
export async function listStarting(
  db: Queryable,
  configId: number,
  { from, before }: { from: Date; before: Date },
): Promise<StoredBatch[]> {
  const rows = await db.query<BatchRow>(sql`
    select ${batchColumns} from export_batch
    where config_id = ${configId} and start_timestamp >= ${from} and start_timestamp < ${before}
    order by end_timestamp, id`)
  return rows.map(fromRow)
}

/**
 * Opens a complete batch again, for files with new names that are signed by what its config names now; false if it was not
 * complete. Its files are no longer listed from now on, and younger windows of the config wait for it.
 */
export async function reopen(tx: Transaction, id: number): Promise<boolean> {
  const reopened = await tx.execute(sql`
    update export_batch
    set status = 'OPEN', completed_at = null, regenerations = regenerations + 1,
      signature_info_ids = config.signature_info_ids
    from export_config config
    where export_batch.id = ${id} and status = 'COMPLETE' and config.id = export_batch.config_id`)
  return reopened > 0
}

export async function find(db: Queryable, id: number): Promise<StoredBatch | undefined> {
  const [row] = await db.query<BatchRow>(
    sql`select ${batchColumns} from export_batch where id = ${id}`,
  )
  return row && fromRow(row)
}
