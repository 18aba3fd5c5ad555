import { type BatchRange, type ExportConfig, effectiveInputRegions } from '@ens/domain'
import sql from 'sql-template-tag'
import type { Queryable, Transaction } from '../database.ts'

/** Lets nobody else add windows to the config, or change it, until the transaction ends; false when there is no such config. */
export async function lockConfig(tx: Transaction, configId: number): Promise<boolean> {
  const locked = await tx.query(sql`
    select from export_config where id = ${configId} for no key update`)
  return locked.length > 0
}

/** The latest end of the config's windows; undefined if it has none. */
export async function latestEnd(db: Queryable, configId: number): Promise<Date | undefined> {
  const [row] = await db.query<{ latest: Date | null }>(sql`
    select max(end_timestamp) as latest from export_batch where config_id = ${configId}`)
  return row?.latest ?? undefined
}

/** Adds the windows with the config's terms as they are now; the effective input regions are written out. */
export function insert(
  tx: Transaction,
  config: ExportConfig,
  ranges: readonly (BatchRange & { keysFrom: Date })[],
): Promise<number> {
  return tx.execute(sql`
    insert into export_batch (config_id, start_timestamp, end_timestamp, keys_from, bucket_name,
      filename_root, output_region, input_regions, exclude_regions, include_travelers,
      only_non_travelers, signature_info_ids, max_records_override)
    select ${config.id}, range.start, range.end, range.keys_from, ${config.bucketName},
      ${config.filenameRoot}, ${config.outputRegion}, ${effectiveInputRegions(config)}::text[],
      ${config.excludeRegions}::text[], ${config.includeTravelers}, ${config.onlyNonTravelers},
      ${config.signatureInfoIds}::integer[], ${config.maxRecordsOverride ?? null}
    from unnest(
      ${ranges.map(({ start }) => start)}::timestamptz[],
      ${ranges.map(({ end }) => end)}::timestamptz[],
      ${ranges.map(({ keysFrom }) => keysFrom)}::timestamptz[]) as range (start, "end", keys_from)
    order by range.end`)
}

/** Does the work, or undoes just that when it throws; the transaction goes on. */
export async function undoIfFailed<T>(tx: Transaction, work: () => Promise<T>): Promise<T> {
  await tx.execute(sql`savepoint step`)
  try {
    return await work()
  } catch (error) {
    await tx.execute(sql`rollback to savepoint step`)
    throw error
  }
}
