import sql from 'sql-template-tag'
import type { Queryable, Transaction } from './database.ts'

/** Where one index is, and whose it is. */
export interface ExportIndex {
  configId: number
  bucketName: string
  objectName: string
}

interface Row {
  config_id: number
  bucket_name: string
  object_name: string
}

/**
 * Says that the files of a config have changed, so that all its indexes have to be written anew. The given one is added if
 * it is new, and taken over if it was another config's.
 */
export async function touch(
  tx: Transaction,
  { configId, bucketName, objectName }: ExportIndex,
): Promise<void> {
  await tx.execute(sql`
    insert into export_index (bucket_name, object_name, config_id)
    values (${bucketName}, ${objectName}, ${configId})
    on conflict (bucket_name, object_name) do update set config_id = excluded.config_id`)
  await touchAll(tx, configId)
}

/** Says that the files of a config have changed, wherever they are listed. */
export async function touchAll(tx: Transaction, configId: number): Promise<void> {
  await tx.execute(sql`
    update export_index set version = version + 1 where config_id = ${configId}`)
}

/** An index, and what was written there last. */
export interface WrittenIndex extends ExportIndex {
  writtenAt: Date | undefined
  isCurrent: boolean
}

export async function list(db: Queryable): Promise<WrittenIndex[]> {
  const rows = await db.query<Row & { written_at: Date | null; is_current: boolean }>(sql`
    select config_id, bucket_name, object_name, written_at, version = written_version as is_current
    from export_index order by config_id, bucket_name, object_name`)
  return rows.map((row) => ({
    ...fromRow(row),
    writtenAt: row.written_at ?? undefined,
    isCurrent: row.is_current,
  }))
}

/** Whether the config has no index in that place yet. */
export async function isNew(
  db: Queryable,
  { configId, bucketName, objectName }: ExportIndex,
): Promise<boolean> {
  const known = await db.query(sql`
    select from export_index
    where bucket_name = ${bucketName} and object_name = ${objectName} and config_id = ${configId}`)
  return known.length === 0
}

/**
 * The indexes that have to be written: their files have changed, a window has begun to be too old since, or they were last
 * looked at before `checkedBefore`.
 */
export async function listDue(
  db: Queryable,
  { cutoff, checkedBefore }: { cutoff: Date; checkedBefore: Date },
): Promise<ExportIndex[]> {
  const rows = await db.query<Row>(sql`
    select config_id, bucket_name, object_name from export_index as index
    where version > written_version or written_at <= ${checkedBefore}
      or exists (
        select from export_batch as batch
        where batch.config_id = index.config_id and batch.status in ('COMPLETE', 'DELETED')
          and batch.start_timestamp > least(written_cutoff, ${cutoff})
          and batch.start_timestamp <= greatest(written_cutoff, ${cutoff})
          and exists (
            select from export_file as file
            where file.batch_id = batch.id and file.bucket_name = index.bucket_name
              and file.status = 'COMPLETE'))
    order by config_id, bucket_name, object_name`)
  return rows.map(fromRow)
}

/** What an index has to say, and the version of that; undefined if it is another config's by now. */
export async function read(
  db: Queryable,
  { configId, bucketName, objectName }: ExportIndex,
  cutoff: Date,
): Promise<{ version: number; filenames: string[] } | undefined> {
  const [row] = await db.query<{ version: number; filenames: string[] }>(sql`
    select version, array(
      select file.filename
      from export_file as file join export_batch as batch on batch.id = file.batch_id
      where batch.config_id = index.config_id and file.bucket_name = index.bucket_name
        and file.status = 'COMPLETE' and batch.status in ('COMPLETE', 'DELETED')
        and batch.start_timestamp > ${cutoff}) as filenames
    from export_index as index
    where bucket_name = ${bucketName} and object_name = ${objectName} and config_id = ${configId}`)
  return row
}

/** Notes what was written; false if more has changed since. */
export async function recordWritten(
  tx: Transaction,
  { bucketName, objectName }: ExportIndex,
  { version, cutoff, at }: { version: number; cutoff: Date; at: Date },
): Promise<boolean> {
  const [row] = await tx.query<{ current: boolean }>(sql`
    update export_index
    set written_version = ${version}, written_cutoff = ${cutoff}, written_at = ${at}
    where bucket_name = ${bucketName} and object_name = ${objectName}
    returning version = written_version as current`)
  return row?.current ?? true
}

function fromRow(row: Row): ExportIndex {
  return { configId: row.config_id, bucketName: row.bucket_name, objectName: row.object_name }
}
