import { randomUUID } from 'node:crypto'
import {
  type BatchRange,
  type ExportBatch,
  type ExportBatchStatus,
  type ExportConfig,
  effectiveInputRegions,
} from '@ens/domain'
import sql, { type Sql } from 'sql-template-tag'
import type { Database, Queryable, Transaction } from './database.ts'

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

/** A batch held by one worker. Every write that works on the batch presents the token, and fails once it is another's. */
export interface Lease {
  batch: StoredBatch
  token: string
  /** How many older windows of the config are unfinished because they keep failing; this one is ahead of them. */
  overtaken: number
}

export interface LeaseOptions {
  now: Date
  ttlMs: number
  /** After failing for this long a batch no longer holds back younger ones of its config. */
  overtakeAfterMs: number
  /** How long a batch rests after so many failures. */
  restMs: (failures: number) => number
}

interface Row {
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

const columns = sql`id, config_id, start_timestamp, end_timestamp, keys_from, status, lease_expires,
  settled_at, failures, failing_since, not_before, last_error, regenerations, bucket_name,
  filename_root, output_region, input_regions, exclude_regions, include_travelers,
  only_non_travelers, signature_info_ids, max_records_override`

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

/**
 * Leases the oldest finished window whose config has no older one to finish first. A batch whose worker vanished counts as
 * failed. Undefined when there is nothing to do now.
 */
export function lease(db: Database, options: LeaseOptions): Promise<Lease | undefined> {
  return db.transaction(async (tx) => {
    const next = await nextToWorkOn(tx, options)
    return next && take(tx, next, options)
  })
}

async function nextToWorkOn(
  tx: Transaction,
  { now, overtakeAfterMs }: LeaseOptions,
): Promise<(StoredBatch & { overtaken: number }) | undefined> {
  const overtakable = new Date(now.getTime() - overtakeAfterMs)
  const [row] = await tx.query<Row & { overtaken: number }>(sql`
    select ${columns},
      (select count(*) from export_batch older
        where older.config_id = batch.config_id and older.status in ('OPEN', 'PENDING')
          and (older.end_timestamp, older.id) < (batch.end_timestamp, batch.id)) as overtaken
    from export_batch batch
    where end_timestamp < ${now} and (not_before is null or not_before <= ${now})
      and (status = 'OPEN' or (status = 'PENDING' and lease_expires < ${now}))
      and not exists (
        select from export_batch older
        where older.config_id = batch.config_id and older.status in ('OPEN', 'PENDING')
          and (older.end_timestamp, older.id) < (batch.end_timestamp, batch.id)
          and (older.failing_since is null or older.failing_since > ${overtakable}))
    order by end_timestamp, end_timestamp - start_timestamp, id
    limit 1
    for update of batch skip locked`)
  return row && { ...fromRow(row), overtaken: row.overtaken }
}

async function take(
  tx: Transaction,
  { overtaken, ...batch }: StoredBatch & { overtaken: number },
  { now, ttlMs, restMs }: LeaseOptions,
): Promise<Lease> {
  const token = randomUUID()
  const failures = batch.failures + (batch.status === 'PENDING' ? 1 : 0)
  const failingSince = failures > 0 ? (batch.failingSince ?? now) : undefined
  const leaseExpires = later(now, ttlMs)
  // Whoever finds this lease expired finds a worker that vanished, perhaps because of this very batch.
  const notBefore = failures > 0 ? later(leaseExpires, restMs(failures)) : undefined
  await tx.execute(sql`
    update export_batch
    set status = 'PENDING', lease_token = ${token}, lease_expires = ${leaseExpires},
      failures = ${failures}, failing_since = ${failingSince ?? null},
      not_before = ${notBefore ?? null}
    where id = ${batch.id}`)
  const held = { status: 'PENDING' as const, leaseExpires, failures, failingSince, notBefore }
  return { batch: { ...batch, ...held }, token, overtaken }
}

/** Prolongs a lease; false once it is another's. */
export function renew(db: Queryable, lease: Lease, expires: Date): Promise<boolean> {
  return update(db, lease, sql`lease_expires = ${expires}`)
}

/** Gives a batch back unfinished, not to be tried before that moment if one is given; false if it was another's. */
export function release(db: Queryable, lease: Lease, notBefore?: Date): Promise<boolean> {
  return update(
    db,
    lease,
    sql`status = 'OPEN', lease_token = null, lease_expires = null, not_before = ${notBefore ?? null}`,
  )
}

/** Gives a batch back that failed, to rest until `notBefore`; false if it was another's. */
export function fail(
  db: Queryable,
  lease: Lease,
  { at, notBefore, reason }: { at: Date; notBefore: Date; reason: string },
): Promise<boolean> {
  return update(
    db,
    lease,
    sql`status = 'OPEN', lease_token = null, lease_expires = null, failures = failures + 1,
      failing_since = coalesce(failing_since, ${at}), not_before = ${notBefore},
      last_error = ${reason}`,
  )
}

/** Ends the work on a batch; false if it was another's. What failed before is forgotten. */
export function complete(tx: Transaction, lease: Lease, at: Date): Promise<boolean> {
  return update(
    tx,
    lease,
    sql`status = 'COMPLETE', lease_token = null, lease_expires = null, completed_at = ${at},
      failures = 0, failing_since = null, not_before = null, last_error = null`,
  )
}

async function update(db: Queryable, { batch, token }: Lease, changes: Sql): Promise<boolean> {
  const updated = await db.execute(sql`
    update export_batch set ${changes} where id = ${batch.id} and lease_token = ${token}`)
  return updated > 0
}

const SETTLING_LOCK = 454_002

/** Batches are settled by one worker at a time; the lock ends with the transaction. */
export async function lockSettling(tx: Transaction): Promise<void> {
  await tx.query(sql`select pg_advisory_xact_lock(${SETTLING_LOCK})`)
}

/** The batches that have to be settled before this one may be read, itself included, shorter windows first. */
export async function listUnsettled(tx: Transaction, batch: StoredBatch): Promise<StoredBatch[]> {
  const rows = await tx.query<Row>(sql`
    select ${columns} from export_batch
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

/** Batches that are not complete, oldest windows first, but no more than `limit`. */
export async function listUnfinished(db: Queryable, limit: number): Promise<StoredBatch[]> {
  const rows = await db.query<Row>(sql`
    select ${columns} from export_batch where status in ('OPEN', 'PENDING')
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
  const rows = await db.query<Row>(sql`
    select ${columns} from export_batch
    where config_id = ${configId} and start_timestamp >= ${from} and start_timestamp < ${before}
    order by end_timestamp, id`)
  return rows.map(fromRow)
}

/**
 * Opens a complete batch again, for files with new names; false if it was not complete. Its files are no longer listed from now
 * on, and younger windows of the config wait for it.
 */
export async function reopen(tx: Transaction, id: number): Promise<boolean> {
  const reopened = await tx.execute(sql`
    update export_batch
    set status = 'OPEN', completed_at = null, regenerations = regenerations + 1
    where id = ${id} and status = 'COMPLETE'`)
  return reopened > 0
}

export async function find(db: Queryable, id: number): Promise<StoredBatch | undefined> {
  const [row] = await db.query<Row>(sql`select ${columns} from export_batch where id = ${id}`)
  return row && fromRow(row)
}

function later(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms)
}

function fromRow(row: Row): StoredBatch {
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
