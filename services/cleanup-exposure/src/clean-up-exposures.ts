import {
  type Database,
  exposureStats,
  exposures,
  retentionCutoff,
  type Transaction,
} from '@ens/database'
import { truncate, utcMidnight } from '@ens/domain'
import type { CleanupSettings } from './config.ts'
import { exposuresLeft } from './errors.ts'
import type { CleanupEvents, Deletable } from './events.ts'
import { type Batches, inBatches } from './in-batches.ts'

export interface CleanupDeps {
  db: Database
  settings: CleanupSettings
  now: () => Date
  rest: Batches['rest']
  events: CleanupEvents
}

/** One run: its moment, the one before which things may go, and when it has to end. */
interface Run {
  at: Date
  cutoff: Date
  signal: AbortSignal
}

/** What a run does, in this order; each says how many rows it has dealt with. */
export const STEPS = {
  /** Keys deleted. */
  exposures: deleteExposures,
  /** Rows of the statistics deleted. */
  statistics: deleteStatistics,
  /** Publishes folded into the sums of their hour. */
  folded: foldStatistics,
}

export type CleanupCounts = Record<keyof typeof STEPS, number>

const HOUR_MS = 3_600_000

/** Longest that a statement over one batch may take. */
const BATCH_TIMEOUT_MS = 30_000

/**
 * Deletes every key and every statistic past its time to live, and folds what is left of the statistics. A step that fails, or
 * does not end in its time, does not keep the others from being taken; the errors are thrown together at the end.
 * Throws `cleanup_ttl_too_short` before anything is deleted.
 */
export async function cleanUpExposures(
  deps: CleanupDeps,
  signal: AbortSignal,
): Promise<CleanupCounts> {
  const { settings, now, events } = deps
  const at = now()
  const cutoff = retentionCutoff(settings, at)
  const counts: CleanupCounts = { exposures: 0, statistics: 0, folded: 0 }
  const failures: unknown[] = []
  for (const name of Object.keys(STEPS) as (keyof typeof STEPS)[]) {
    const timeout = AbortSignal.timeout(settings.timeoutMs)
    try {
      if (signal.aborted) throw exposuresLeft(undefined, { cause: signal.reason })
      counts[name] = await STEPS[name](deps, {
        at,
        cutoff,
        signal: AbortSignal.any([signal, timeout]),
      })
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

async function deleteExposures(deps: CleanupDeps, { at, cutoff, signal }: Run): Promise<number> {
  const { db, settings, events } = deps
  const revisionsDueSince = await exposures.revisionsDueSince(db, at)
  if (revisionsDueSince) events.revisionsDue(revisionsDueSince)
  let after: Date | undefined
  return deleteInBatches(deps, 'exposures', signal, async (tx) => {
    const expired = { cutoff, revisionsDueSince, after, limit: settings.batchSize }
    const { deleted, last } = await exposures.deleteExpired(tx, expired)
    after = last
    return deleted
  })
}

/** Statistics go by whole days, so that no day is ever shown in part. */
async function deleteStatistics(deps: CleanupDeps, { cutoff, signal }: Run): Promise<number> {
  const { db, settings, events } = deps
  const before = utcMidnight(cutoff)
  const unfolded = await deleteInBatches(deps, 'publish-events', signal, (tx) =>
    exposureStats.deleteEventsBefore(tx, before, settings.batchSize),
  )
  const hours = await exposureStats.deleteBefore(db, before)
  events.deleted('publish-hours', hours)
  return unfolded + hours
}

/** Publishes only ever add rows to the statistics; here those of the hours that are over become one for each authority and hour. */
async function foldStatistics({ db, settings }: CleanupDeps, { at }: Run): Promise<number> {
  return db.transaction((tx) => exposureStats.fold(tx, truncate(at, HOUR_MS)), {
    statementTimeoutMs: settings.timeoutMs,
  })
}

function deleteInBatches(
  { db, settings, rest, events }: CleanupDeps,
  what: Deletable,
  signal: AbortSignal,
  remove: (tx: Transaction) => Promise<number>,
): Promise<number> {
  return inBatches({
    size: settings.batchSize,
    rest,
    signal,
    async remove() {
      const count = await db.transaction(remove, { statementTimeoutMs: BATCH_TIMEOUT_MS })
      events.deleted(what, count)
      return count
    },
  })
}
