import type { ExportConfig } from '@ens/domain'
import sql, { type Sql } from 'sql-template-tag'
import type { Queryable, Transaction } from './database.ts'

interface Row {
  id: number
  bucket_name: string
  filename_root: string
  period_seconds: number
  output_region: string
  input_regions: string[]
  exclude_regions: string[]
  include_travelers: boolean
  only_non_travelers: boolean
  from_timestamp: Date
  thru_timestamp: Date | null
  signature_info_ids: number[]
  max_records_override: number | null
}

const columns = sql`id, bucket_name, filename_root, period_seconds, output_region, input_regions,
  exclude_regions, include_travelers, only_non_travelers, from_timestamp, thru_timestamp,
  signature_info_ids, max_records_override`

/** Every export config, by id. */
export function list(db: Queryable): Promise<ExportConfig[]> {
  return select(db, sql``)
}

/** The configs that export at this moment: begun before it, and without an end or with one after it. */
export function listActive(db: Queryable, at: Date): Promise<ExportConfig[]> {
  return select(
    db,
    sql`where from_timestamp < ${at} and (thru_timestamp is null or thru_timestamp > ${at})`,
  )
}

export async function find(db: Queryable, id: number): Promise<ExportConfig | undefined> {
  const [config] = await select(db, sql`where id = ${id}`)
  return config
}

/** The config, held against other changes until the transaction ends. */
export async function lock(tx: Transaction, id: number): Promise<ExportConfig | undefined> {
  const [row] = await tx.query<Row>(
    sql`select ${columns} from export_config where id = ${id} for update`,
  )
  return row && fromRow(row)
}

/**
 * The config that still writes or lists archives at a place, though it may have moved from there: one that took the place over
 * would meet its names, and take its lines from the index.
 */
export async function findUserOfPlace(
  db: Queryable,
  { bucketName, filenameRoot }: Pick<ExportConfig, 'bucketName' | 'filenameRoot'>,
  exceptId: number | undefined,
): Promise<number | undefined> {
  const [row] = await db.query<{ config_id: number }>(sql`
    select config_id from export_batch
    where lower(bucket_name) = lower(${bucketName}) and lower(filename_root) = lower(${filenameRoot})
      and status <> 'DELETED' and config_id is distinct from ${exceptId ?? null}
    limit 1`)
  return row?.config_id
}

/** Adds a config and returns its id; a unique violation on `export_config_place` when another writes to that place. */
export async function insert(db: Queryable, config: Omit<ExportConfig, 'id'>): Promise<number> {
  const [row] = await db.query<{ id: number }>(sql`
    insert into export_config (bucket_name, filename_root, period_seconds, output_region,
      input_regions, exclude_regions, include_travelers, only_non_travelers, from_timestamp,
      thru_timestamp, signature_info_ids, max_records_override)
    values (${config.bucketName}, ${config.filenameRoot}, ${config.periodSeconds},
      ${config.outputRegion}, ${config.inputRegions}, ${config.excludeRegions},
      ${config.includeTravelers}, ${config.onlyNonTravelers}, ${config.from},
      ${config.thru ?? null}, ${config.signatureInfoIds}, ${config.maxRecordsOverride ?? null})
    returning id`)
  return row?.id ?? 0
}

/** Replaces everything but the id; batches that exist keep what they copied. False when there is no such config. */
export async function update(db: Queryable, config: ExportConfig): Promise<boolean> {
  const updated = await db.execute(sql`
    update export_config
    set bucket_name = ${config.bucketName}, filename_root = ${config.filenameRoot},
      period_seconds = ${config.periodSeconds}, output_region = ${config.outputRegion},
      input_regions = ${config.inputRegions}, exclude_regions = ${config.excludeRegions},
      include_travelers = ${config.includeTravelers},
      only_non_travelers = ${config.onlyNonTravelers}, from_timestamp = ${config.from},
      thru_timestamp = ${config.thru ?? null}, signature_info_ids = ${config.signatureInfoIds},
      max_records_override = ${config.maxRecordsOverride ?? null}
    where id = ${config.id}`)
  return updated > 0
}

async function select(db: Queryable, where: Sql): Promise<ExportConfig[]> {
  const rows = await db.query<Row>(sql`select ${columns} from export_config ${where} order by id`)
  return rows.map(fromRow)
}

function fromRow(row: Row): ExportConfig {
  return {
    id: row.id,
    bucketName: row.bucket_name,
    filenameRoot: row.filename_root,
    periodSeconds: row.period_seconds,
    outputRegion: row.output_region,
    inputRegions: row.input_regions,
    excludeRegions: row.exclude_regions,
    includeTravelers: row.include_travelers,
    onlyNonTravelers: row.only_non_travelers,
    from: row.from_timestamp,
    ...(row.thru_timestamp !== null && { thru: row.thru_timestamp }),
    signatureInfoIds: row.signature_info_ids,
    ...(row.max_records_override !== null && { maxRecordsOverride: row.max_records_override }),
  }
}
