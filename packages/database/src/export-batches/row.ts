import type { ExportBatch, ExportBatchStatus } from '@ens/domain'
import sql from 'sql-template-tag'

/** A batch with all that is known of the work on it. */
export interface StoredBatch extends ExportBatch {
  /** Where the window's keys begin: its start, or the end of the config's previous window if that is later. */
  keysFrom: Date
  /** Since when its generated keys are stored; there will be no others. */
  settledAt: Date | undefined
  leaseExpires: Date | undefined
  /** How often it failed since it was last complete, and since when. */
  failures: number
  failingSince: Date | undefined
  /** Not tried again until then. */
  notBefore: Date | undefined
  lastError: string | undefined
  /** How often its files were replaced. */
  regenerations: number
}

export interface BatchRow {
  id: number
  config_id: number
  start_timestamp: Date
  end_timestamp: Date
  keys_from: Date
  status: ExportBatchStatus
  lease_expires: Date | null
  settled_at: Date | null
  failures: number
  failing_since: Date | null
  not_before: Date | null
  last_error: string | null
  regenerations: number
  bucket_name: string
  filename_root: string
  output_region: string
  input_regions: string[]
  exclude_regions: string[]
  include_travelers: boolean
  only_non_travelers: boolean
  signature_info_ids: number[]
  max_records_override: number | null
}

export const batchColumns = sql`id, config_id, start_timestamp, end_timestamp, keys_from, status, lease_expires,
  settled_at, failures, failing_since, not_before, last_error, regenerations, bucket_name,
  filename_root, output_region, input_regions, exclude_regions, include_travelers,
  only_non_travelers, signature_info_ids, max_records_override`

export function fromRow(row: BatchRow): StoredBatch {
  return {
    id: row.id,
    configId: row.config_id,
    start: row.start_timestamp,
    end: row.end_timestamp,
    keysFrom: row.keys_from,
    status: row.status,
    leaseExpires: row.lease_expires ?? undefined,
    settledAt: row.settled_at ?? undefined,
    failures: row.failures,
    failingSince: row.failing_since ?? undefined,
    notBefore: row.not_before ?? undefined,
    lastError: row.last_error ?? undefined,
    regenerations: row.regenerations,
    bucketName: row.bucket_name,
    filenameRoot: row.filename_root,
    outputRegion: row.output_region,
    inputRegions: row.input_regions,
    excludeRegions: row.exclude_regions,
    includeTravelers: row.include_travelers,
    onlyNonTravelers: row.only_non_travelers,
    signatureInfoIds: row.signature_info_ids,
    ...(row.max_records_override !== null && { maxRecordsOverride: row.max_records_override }),
  }
}
