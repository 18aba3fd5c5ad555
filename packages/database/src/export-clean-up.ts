import sql from 'sql-template-tag'
import type { Queryable } from './database.ts'

/** An archive that no index lists any more. */
export interface DoomedFile {
  bucketName: string
  filename: string
  /** The end of its window. */
  end: Date
}

interface Row {
  bucket_name: string
  filename: string
  end_timestamp: Date
}

/**
 * Archives that are marked for deletion and whose window ended before the cutoff: the oldest that come `after` the given one. An
 * index that was last written when their window was young enough may list them, whatever they are marked as.
 */
export async function listDoomed(
  db: Queryable,
  { cutoff, after, limit }: { cutoff: Date; after?: DoomedFile | undefined; limit: number },
): Promise<DoomedFile[]> {
  const rows = await db.query<Row>(sql`
    select file.bucket_name, filename, end_timestamp
    from export_file as file join export_batch as batch on batch.id = file.batch_id
    where file.status = 'DEL_PEND' and end_timestamp < ${cutoff}
      and not exists (
        select from export_index as index
        where index.bucket_name = file.bucket_name and index.config_id = batch.config_id
          and coalesce(written_cutoff, '-infinity') < start_timestamp)
      and (end_timestamp, file.bucket_name, filename)
        > (coalesce(${after?.end ?? null}::timestamptz, '-infinity'), ${after?.bucketName ?? ''}, ${after?.filename ?? ''})
    order by end_timestamp, file.bucket_name, filename
    limit ${limit}`)
  return rows.map(({ bucket_name, filename, end_timestamp }) => {
    return { bucketName: bucket_name, filename, end: end_timestamp }
  })
}

/** Notes that the object of a doomed archive is gone. */
export async function recordDeleted(
  db: Queryable,
  { bucketName, filename }: DoomedFile,
): Promise<void> {
  await db.execute(sql`
    update export_file set status = 'DELETED'
    where bucket_name = ${bucketName} and filename = ${filename} and status = 'DEL_PEND'`)
}

/**
 * Marks expired archives that no index could list: their config has none left in that bucket, because another config took its
 * place over. While an index of the bucket is still to be written, it may list them yet, and they stay.
 */
export function markOrphaned(db: Queryable, cutoff: Date): Promise<number> {
  return db.execute(sql`
    update export_file as file set status = 'DEL_PEND'
    from export_batch as batch
    where batch.id = file.batch_id and batch.end_timestamp < ${cutoff}
      and batch.status = 'COMPLETE' and file.status = 'COMPLETE'
      and not exists (
        select from export_index as index
        where index.bucket_name = file.bucket_name
          and (index.config_id = batch.config_id or index.written_version < index.version))`)
}

/** How many archives whose window ended before the cutoff are still listed, or may be. */
export async function countListed(db: Queryable, cutoff: Date): Promise<number> {
  const [row] = await db.query<{ count: number }>(sql`
    select count(*) from export_file as file join export_batch as batch on batch.id = file.batch_id
    where file.status = 'COMPLETE' and batch.status in ('COMPLETE', 'DELETED')
      and end_timestamp < ${cutoff}`)
  return row?.count ?? 0
}

/** Ends up to `limit` complete batches whose windows ended before the cutoff and whose archives, if they had any, are all gone. */
export function endBatches(db: Queryable, cutoff: Date, limit: number): Promise<number> {
  return db.execute(sql`
    update export_batch set status = 'DELETED'
    where id = any(array(
      select id from export_batch as batch
      where status = 'COMPLETE' and end_timestamp < ${cutoff}
        and not exists (
          select from export_file as file where file.batch_id = batch.id and file.status <> 'DELETED')
      limit ${limit}
      for update skip locked))`)
}

/** Forgets up to `limit` deleted archives whose windows ended before that moment. */
export function forgetFiles(db: Queryable, before: Date, limit: number): Promise<number> {
  return db.execute(sql`
    with old as materialized (
      select file.bucket_name, filename
      from export_file as file join export_batch as batch on batch.id = file.batch_id
      where file.status = 'DELETED' and end_timestamp < ${before}
      limit ${limit}
      for update of file skip locked)
    delete from export_file as file using old
    where file.bucket_name = old.bucket_name and file.filename = old.filename`)
}

/**
 * Forgets up to `limit` batches that have ended, whose archives are forgotten, and whose windows ended before that moment. The
 * last window of each config stays, because the next one begins where it ended.
 */
export function forgetBatches(db: Queryable, before: Date, limit: number): Promise<number> {
  return db.execute(sql`
    delete from export_batch
    where id = any(array(
      select id from export_batch as batch
      where status = 'DELETED' and end_timestamp < ${before}
        and not exists (select from export_file as file where file.batch_id = batch.id)
        and exists (
          select from export_batch as later
          where later.config_id = batch.config_id and later.end_timestamp > batch.end_timestamp)
      limit ${limit}
      for update skip locked))`)
}
