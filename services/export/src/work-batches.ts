import { performance } from 'node:perf_hooks'
import { exportBatches, exportConfigs } from '@ens/database'
import type { ExportDeps } from './deps.ts'
import { batchTooSlow, workUnfinished } from './errors.ts'
import { codeOf } from './events.ts'
import { holdLease } from './hold-lease.ts'
import { type IndexWriter, indexWriter } from './index-writer.ts'
import { oldestUnexported } from './report-status.ts'
import { type BatchOutcome, workBatch } from './work-batch.ts'

export interface WorkCounts {
  batches: number
  files: number
  keys: number
  postponed: number
}

/** A lease outlives the deadline of its run, so that a run that is just ending is not joined by another. */
const LEASE_GRACE_MS = 30_000

/** How long a batch waits for a publish on its way. */
const POSTPONE_MS = 15_000

/** One call of the worker. */
interface Run {
  counts: WorkCounts
  indexes: IndexWriter
  signal: AbortSignal
}

/**
 * Exports finished windows, oldest first, until none is left or the signal aborts, and mends what indexes say. What is finished
 * stays finished; a batch in hand is given back at once, as failed if most of the run was not enough for it. A batch that fails does not stop the others; the errors are
 * thrown together at the end.
 */
export async function workBatches(deps: ExportDeps, signal: AbortSignal): Promise<WorkCounts> {
  const run: Run = {
    counts: { batches: 0, files: 0, keys: 0, postponed: 0 },
    indexes: indexWriter(deps, signal),
    signal,
  }
  const failures: unknown[] = []
  const attempt = async (work: () => Promise<unknown>) => {
    try {
      await work()
    } catch (error) {
      if (!signal.aborted) failures.push(error)
    }
  }
  await attempt(async () => {
    for (let lease = await leaseNext(deps, signal); lease; lease = await leaseNext(deps, signal)) {
      const current = lease
      await attempt(() => workLease(deps, current, run))
      if (!signal.aborted) await attempt(() => run.indexes.write())
    }
  })
  await attempt(() => run.indexes.end())
  // Each config costs a look at its keys, for which a run that was ended has no time.
  if (!signal.aborted) await attempt(() => measureBacklog(deps))
  if (signal.aborted) failures.push(workUnfinished())
  if (failures.length > 0) throw new AggregateError(failures, 'some batches failed')
  deps.events.workDone()
  return run.counts
}

/** Records how far behind each config is. */
async function measureBacklog({ db, now, events }: ExportDeps): Promise<void> {
  const progress = await exportBatches.listProgress(db)
  for (const config of await exportConfigs.list(db)) {
    const known = progress.find(({ configId }) => configId === config.id)
    const oldest = await oldestUnexported(db, config, known, now())
    events.backlogMeasured(config.id, oldest ? now().getTime() - oldest.getTime() : 0)
  }
}

function leaseNext(
  { db, settings, now }: ExportDeps,
  signal: AbortSignal,
): Promise<exportBatches.Lease | undefined> | undefined {
  if (signal.aborted) return undefined
  return exportBatches.lease(db, {
    now: now(),
    ttlMs: leaseTtl(settings),
    overtakeAfterMs: settings.overtakeAfterMs,
    restMs: restAfter,
  })
}

async function workLease(
  deps: ExportDeps,
  lease: exportBatches.Lease,
  { counts, indexes, signal }: Run,
): Promise<void> {
  const { batch } = lease
  const startedAt = performance.now()
  deps.events.leased(batch, lease.overtaken)
  const outcome = await workOrGiveBack(deps, lease, signal)
  if (!outcome.complete) {
    counts.postponed++
    return
  }
  counts.batches++
  counts.files += outcome.files.length
  for (const file of outcome.files) counts.keys += file.keyCount
  deps.events.completed(batch, outcome.files.length, performance.now() - startedAt)
  if (outcome.files.length > 0) indexes.completed(batch.configId)
}

async function workOrGiveBack(
  deps: ExportDeps,
  lease: exportBatches.Lease,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  const { db, now, settings, events } = deps
  const leasedAt = now()
  try {
    const holding = { db, now, ttlMs: leaseTtl(settings) }
    const outcome = await holdLease(holding, lease, signal, (held) => workBatch(deps, lease, held))
    if (!outcome.complete) {
      await exportBatches.release(db, lease, later(now(), POSTPONE_MS))
      events.postponed(lease.batch)
    }
    return outcome
  } catch (error) {
    await giveBack(deps, lease, reasonToGiveBack(deps, leasedAt, signal, error))
    throw error
  }
}

/**
 * Whoever ends a run says nothing against the batch in hand. But one that was at work for most of a run when its deadline passed
 * would be so again: it has to count as failed, rest, and let others go ahead.
 */
function reasonToGiveBack(
  { now, settings }: ExportDeps,
  leasedAt: Date,
  signal: AbortSignal,
  error: unknown,
): unknown {
  if (!signal.aborted) return error
  const isDeadline = signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
  const tookMs = now().getTime() - leasedAt.getTime()
  const wasSlow = isDeadline && tookMs >= settings.workerTimeoutMs / 2
  return wasSlow ? batchTooSlow(undefined, { cause: error }) : 'interrupted'
}

/** Lets go of a batch in hand. If even that fails, its lease ends by itself. */
async function giveBack(
  { db, now, events }: ExportDeps,
  lease: exportBatches.Lease,
  reason: unknown,
): Promise<void> {
  const { batch } = lease
  try {
    const wasHeld =
      reason === 'interrupted'
        ? await exportBatches.release(db, lease)
        : await exportBatches.fail(db, lease, {
            at: now(),
            notBefore: later(now(), restAfter(batch.failures + 1)),
            reason: reasonOf(reason),
          })
    if (!wasHeld) events.leaseLost(batch, reason)
    else if (reason === 'interrupted') events.interrupted(batch)
    else events.failed(batch, reason)
  } catch (error) {
    events.leaseLost(batch, error)
  }
}

/** A minute after the first failure, then twice as long each time, up to an hour. */
function restAfter(failures: number): number {
  return Math.min(60_000 * 2 ** (failures - 1), 3_600_000)
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return `${codeOf(error)}: ${message}`.slice(0, 500)
}

function leaseTtl({ workerTimeoutMs }: ExportDeps['settings']): number {
  return workerTimeoutMs + LEASE_GRACE_MS
}

function later(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms)
}
