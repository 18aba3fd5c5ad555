import {
  type Database,
  exportCleanUp,
  exportConfigs,
  exportFiles,
  type Queryable,
  removeExpiredLocks,
  retentionCutoff,
} from '@ens/database'
import { DAY_MS } from '@ens/domain'
import { type DeletionDeps, deleteArchives } from './delete-archives.ts'
import { cleanupUnfinished } from './errors.ts'

export interface CleanupDeps extends DeletionDeps {
  now: () => Date
}

/** One run: its moment, the one before which archives may go, and when it has to end. */
interface Run {
  at: Date
  cutoff: Date
  signal: AbortSignal
}

/** Index first, then object, then rows: each step goes on from what the one before has done, in this run or an earlier one. */
const STEPS = {
  /** Archives that no index lists any more, marked for deletion. */
  marked: markArchives,
  /** Archives deleted. */
  archives: (deps: CleanupDeps, { cutoff, signal }: Run) => deleteArchives(deps, cutoff, signal),
  /** Batches whose archives are all gone. */
  batches: endBatches,
  /** Rows of archives and batches that are no more than history. */
  history: forgetHistory,
  /** Locks that their holders have left behind. */
  locks: removeLocks,
}

export type CleanupCounts = Record<keyof typeof STEPS, number>

/** No holder comes back for a lock that expired so long ago. */
const LOCKS_KEPT_MS = DAY_MS

/** An index is written at least once an hour; what is listed for so long after its time is worth a warning. */
const OVERDUE_MS = DAY_MS

/** Longest that a statement over one batch of rows may take. */
const BATCH_TIMEOUT_MS = 30_000

/**
 * Deletes archives that no index lists any more and whose time is over, then what is known of them. A step that fails does not
 * keep the others from being taken; the errors are thrown together at the end. Throws `cleanup_ttl_too_short`
 * before anything is deleted.
 */
export async function cleanUpExports(
  deps: CleanupDeps,
  signal: AbortSignal,
): Promise<CleanupCounts> {
  const { settings, now, events } = deps
  const at = now()
  const run = { at, cutoff: retentionCutoff(settings, at), signal }
  const counts: CleanupCounts = { marked: 0, archives: 0, batches: 0, history: 0, locks: 0 }
  const failures: unknown[] = []
  for (const name of Object.keys(STEPS) as (keyof typeof STEPS)[]) {
    try {
      if (signal.aborted) throw cleanupUnfinished(undefined, { cause: signal.reason })
      counts[name] = await STEPS[name](deps, run)
    } catch (error) {
      events.failed(name, error)
      failures.push(error)
      if (signal.aborted) break
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'not everything was cleaned up')
  events.done()
  return counts
}

/**
 * The export service marks with every index it writes, those of ended configs too; this catches what became markable after.
 * What no index could list is marked here alone.
 */
async function markArchives(deps: CleanupDeps, { cutoff }: Run): Promise<number> {
  const { db, events } = deps
  let marked = 0
  for (const { id } of await exportConfigs.list(db))
    marked += await db.transaction((tx) => exportFiles.markExpired(tx, id))
  marked += await exportCleanUp.markOrphaned(db, cutoff)
  events.changed('marked', marked)
  const overdueSince = new Date(cutoff.getTime() - OVERDUE_MS)
  events.overdue(await exportCleanUp.countListed(db, overdueSince))
  return marked
}

function endBatches(deps: CleanupDeps, { cutoff, signal }: Run): Promise<number> {
  const end = (db: Queryable) => exportCleanUp.endBatches(db, cutoff, deps.settings.batchSize)
  return inBatches(deps, 'batches-ended', end, signal)
}

async function forgetHistory(deps: CleanupDeps, { at, signal }: Run): Promise<number> {
  const { batchSize, historyTtlMs } = deps.settings
  const before = new Date(at.getTime() - historyTtlMs)
  const files = (db: Queryable) => exportCleanUp.forgetFiles(db, before, batchSize)
  const batches = (db: Queryable) => exportCleanUp.forgetBatches(db, before, batchSize)
  const forgotten = await inBatches(deps, 'archives-forgotten', files, signal)
  return forgotten + (await inBatches(deps, 'batches-forgotten', batches, signal))
}

async function removeLocks({ db, events }: CleanupDeps, { at }: Run): Promise<number> {
  const removed = await removeExpiredLocks(db, new Date(at.getTime() - LOCKS_KEPT_MS))
  events.changed('locks-removed', removed)
  return removed
}

/** Changes rows batch after batch, each in a short transaction, until one is not full. */
async function inBatches(
  { db, settings, events }: { db: Database } & Pick<CleanupDeps, 'settings' | 'events'>,
  what: string,
  change: (db: Queryable) => Promise<number>,
  signal: AbortSignal,
): Promise<number> {
  for (let changed = 0; ; ) {
    if (signal.aborted) throw cleanupUnfinished(undefined, { cause: signal.reason })
    const count = await db.transaction(change, { statementTimeoutMs: BATCH_TIMEOUT_MS })
    events.changed(what, count)
    changed += count
    if (count < settings.batchSize) return changed
  }
}
