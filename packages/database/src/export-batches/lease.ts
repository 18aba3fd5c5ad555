import { randomUUID } from 'node:crypto'
import sql, { type Sql } from 'sql-template-tag'
import type { Database, Queryable, Transaction } from '../database.ts'
import { type BatchRow, batchColumns, fromRow, type StoredBatch } from './row.ts'

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
  const [row] = await tx.query<BatchRow & { overtaken: number }>(sql`
    select ${batchColumns},
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

/** Whether the batch is still this worker's. */
export async function isHeld(db: Queryable, { batch, token }: Lease): Promise<boolean> {
  const held = await db.query(sql`
    select from export_batch where id = ${batch.id} and lease_token = ${token}`)
  return held.length > 0
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

function later(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms)
}
