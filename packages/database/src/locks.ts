import { randomUUID } from 'node:crypto'
import sql from 'sql-template-tag'
import type { Database, Queryable } from './database.ts'

export type Locked<T> = { ran: true; result: T } | { ran: false }

export interface LockOptions {
  name: string
  /** How long a holder that crashed keeps others out. A living one renews the lock well before. */
  ttlMs: number
  now: () => Date
}

export interface HeldLock {
  /** Tells this holder from its successors: writes that must not outlive the lock present it. */
  readonly token: string
  /** Aborts when the lock was found to be another's, which only a stall longer than its time can cause. */
  readonly lost: AbortSignal
}

/** Runs the work if nobody else holds the lock, and says so if somebody does. */
export async function withLock<T>(
  db: Database,
  options: LockOptions,
  work: (lock: HeldLock) => Promise<T>,
): Promise<Locked<T>> {
  const token = randomUUID()
  if (!(await acquire(db, options, token))) return { ran: false }
  const lost = new AbortController()
  const renewal = setInterval(() => {
    renew(db, options, token).then(
      (held) => held || lost.abort(new Error(`lock ${options.name} was lost`)),
      () => {}, // The database may be back before the lock ends; if not, a later renewal finds it gone.
    )
  }, options.ttlMs / 3)
  renewal.unref()
  try {
    return { ran: true, result: await work({ token, lost: lost.signal }) }
  } finally {
    clearInterval(renewal)
    // What the work did stands either way; a lock that cannot be released ends by itself.
    await release(db, options.name, token).catch(() => {})
  }
}

/** `withLock` for one name, to hand to code that should know neither the name nor the database. */
export function lockNamed(db: Database, name: string, now: () => Date) {
  return <T>(ttlMs: number, work: (lock: HeldLock) => Promise<T>): Promise<Locked<T>> =>
    withLock(db, { name, ttlMs, now }, work)
}

/** Whether the lock is still this holder's at that moment; to be asked in the transaction of a write that depends on it. */
export async function holdsLock(
  db: Queryable,
  name: string,
  token: string,
  at: Date,
): Promise<boolean> {
  const rows = await db.query(sql`
    select from lock where name = ${name} and token = ${token} and expires_at > ${at} for share`)
  return rows.length > 0
}

/** Removes what holders that crashed have left, if it expired before that moment; says how many locks it was. */
export function removeExpiredLocks(db: Queryable, before: Date): Promise<number> {
  return db.execute(sql`delete from lock where expires_at < ${before}`)
}

async function acquire(
  db: Queryable,
  { name, ttlMs, now }: LockOptions,
  token: string,
): Promise<boolean> {
  const at = now()
  const taken = await db.execute(sql`
    insert into lock (name, token, expires_at) values (${name}, ${token}, ${later(at, ttlMs)})
    on conflict (name) do update set token = excluded.token, expires_at = excluded.expires_at
    where lock.expires_at <= ${at}`)
  return taken > 0
}

async function renew(db: Queryable, { name, ttlMs, now }: LockOptions, token: string) {
  const renewed = await db.execute(sql`
    update lock set expires_at = ${later(now(), ttlMs)} where name = ${name} and token = ${token}`)
  return renewed > 0
}

async function release(db: Queryable, name: string, token: string): Promise<void> {
  // By token: if our lock expired meanwhile, the row is another holder's, and stays.
  await db.execute(sql`delete from lock where name = ${name} and token = ${token}`)
}

function later(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms)
}
