import sql from 'sql-template-tag'
import type { Queryable, Transaction } from './database.ts'
import type { Lease } from './export-batches/index.ts'

export type ExportFileStatus = 'WRITING' | 'COMPLETE' | 'DEL_PEND' | 'DELETED'

/** One archive of a batch. */
export interface ExportFile {
  /** The whole object name, root included. */
  filename: string
  /** From 1. */
  batchNum: number
  batchSize: number
  /** SHA-256 of the archive. */
  digest: Buffer
  sizeBytes: number
  keyCount: number
  revisedKeyCount: number
}

interface Row {
  filename: string
  batch_num: number
  batch_size: number
  digest: Buffer
  size_bytes: number
  key_count: number
  revised_key_count: number
}

const columns = sql`filename, batch_num, batch_size, digest, size_bytes, key_count, revised_key_count`

/** The file that an earlier, unfinished try at this batch meant to write under this name. */
export async function findUnfinished(
  db: Queryable,
  { batch }: Lease,
  filename: string,
): Promise<ExportFile | undefined> {
  const [row] = await db.query<Row>(sql`
    select ${columns} from export_file
    where bucket_name = ${batch.bucketName} and filename = ${filename} and batch_id = ${batch.id}
      and status = 'WRITING'`)
  return row && fromRow(row)
}

/**
 * Says what is about to be written, in place of what an earlier try said. `lost`: the lease is another's; `taken`: the name
 * is another batch's, or was published already.
 */
export async function record(
  tx: Transaction,
  lease: Lease,
  file: ExportFile,
): Promise<'recorded' | 'lost' | 'taken'> {
  if (!(await isHeld(tx, lease))) return 'lost'
  const { batch } = lease
  await tx.execute(sql`
    update export_file set status = 'DEL_PEND'
    where batch_id = ${batch.id} and batch_num = ${file.batchNum} and status = 'WRITING'
      and (bucket_name, filename) <> (${batch.bucketName}, ${file.filename})`)
  const recorded = await tx.execute(sql`
    insert into export_file (bucket_name, filename, batch_id, batch_num, batch_size, digest,
      size_bytes, key_count, revised_key_count)
    values (${batch.bucketName}, ${file.filename}, ${batch.id}, ${file.batchNum}, ${file.batchSize},
      ${file.digest}, ${file.sizeBytes}, ${file.keyCount}, ${file.revisedKeyCount})
    on conflict (bucket_name, filename) do update
    set batch_num = excluded.batch_num, batch_size = excluded.batch_size, digest = excluded.digest,
      size_bytes = excluded.size_bytes, key_count = excluded.key_count,
      revised_key_count = excluded.revised_key_count
    where export_file.batch_id = excluded.batch_id and export_file.status = 'WRITING'`)
  return recorded > 0 ? 'recorded' : 'taken'
}

async function isHeld(tx: Transaction, { batch, token }: Lease): Promise<boolean> {
  const held = await tx.query(sql`
    select from export_batch where id = ${batch.id} and lease_token = ${token} for update`)
  return held.length > 0
}

/** Publishes the recorded files of a batch, up to this number, and says how many; what earlier tries left beyond is to be deleted. */
export async function complete(tx: Transaction, batchId: number, count: number): Promise<number> {
  await tx.execute(sql`
    update export_file set status = 'DEL_PEND'
    where batch_id = ${batchId} and status = 'WRITING' and batch_num > ${count}`)
  return tx.execute(sql`
    update export_file set status = 'COMPLETE'
    where batch_id = ${batchId} and status = 'WRITING'`)
}

/** The published files of a batch, by name. */
export async function listPublished(db: Queryable, batchId: number): Promise<string[]> {
  const rows = await db.query<{ filename: string }>(sql`
    select filename from export_file where batch_id = ${batchId} and status = 'COMPLETE'
    order by filename collate "C"`)
  return rows.map(({ filename }) => filename)
}

/** Takes the published files of a batch back, and names them; their objects are left to the clean-up. */
export async function retire(tx: Transaction, batchId: number): Promise<string[]> {
  const rows = await tx.query<{ filename: string }>(sql`
    update export_file set status = 'DEL_PEND'
    where batch_id = ${batchId} and status = 'COMPLETE'
    returning filename`)
  return rows.map(({ filename }) => filename).sort()
}

/**
 * Marks for deletion every published file of a config whose window ended before the cutoff and which no index lists any
 * more, and says how many. The cutoff is the one with which the indexes were last written.
 */
export function markExpired(tx: Transaction, configId: number): Promise<number> {
  return tx.execute(sql`
    update export_file as file set status = 'DEL_PEND'
    from export_batch as batch
    where batch.id = file.batch_id and batch.config_id = ${configId}
      and batch.status = 'COMPLETE' and file.status = 'COMPLETE'
      and batch.end_timestamp < (
        select min(coalesce(written_cutoff, '-infinity')) from export_index as index
        where index.config_id = ${configId} and index.bucket_name = file.bucket_name)`)
}

function fromRow(row: Row): ExportFile {
  return {
    filename: row.filename,
    batchNum: row.batch_num,
    batchSize: row.batch_size,
    digest: row.digest,
    sizeBytes: row.size_bytes,
    keyCount: row.key_count,
    revisedKeyCount: row.revised_key_count,
  }
}
