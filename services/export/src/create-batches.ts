import { exportBatches, exportConfigs, type Transaction } from '@ens/database'
import { type BatchRange, batchRanges, type ExportConfig } from '@ens/domain'
import type { ExportSettings } from './config.ts'
import type { ExportDeps } from './deps.ts'
import { settlingBusy } from './errors.ts'

type WindowSettings = Pick<ExportSettings, 'minWindowAgeMs' | 'truncateWindowMs' | 'catchUpLimit'>

export type Window = BatchRange & { keysFrom: Date }

/** Longest to wait for a worker that is settling batches. */
const SETTLING_WAIT_MS = 20_000

/**
 * Makes a batch for every window that has closed by now, those of all configs at once, so that none is settled before those that
 * overlap it are there. The shorter periods come first, and while one has not caught up, longer windows wait for it.
 * A config that fails does not stop the others; a run that is ended keeps what it has made.
 */
export async function createBatches(
  { db, settings, now, events }: Pick<ExportDeps, 'db' | 'settings' | 'now' | 'events'>,
  signal: AbortSignal,
): Promise<{ created: number }> {
  signal.throwIfAborted()
  const failures: unknown[] = []
  const at = now()
  const createInTurn = async (tx: Transaction, configs: readonly ExportConfig[]) => {
    let count = 0
    let caughtUpTo: Date | undefined
    for (const { id } of configs) {
      if (signal.aborted) break
      try {
        const windows = await exportBatches.undoIfFailed(tx, () =>
          createFor(tx, id, settings, { at, caughtUpTo }),
        )
        count += windows.length
        if (windows.length === settings.catchUpLimit) caughtUpTo = windows.at(-1)?.end
      } catch (error) {
        events.configFailed(id, error)
        failures.push(error)
      }
    }
    return count
  }
  const created = await db.transaction(async (tx) => {
    if (!(await exportBatches.lockSettling(tx, SETTLING_WAIT_MS))) throw settlingBusy()
    const configs = await exportConfigs.list(tx)
    configs.sort((a, b) => a.periodSeconds - b.periodSeconds)
    return createInTurn(tx, configs)
  })
  signal.throwIfAborted()
  events.batchesCreated(created)
  if (failures.length > 0) throw new AggregateError(failures, 'some export configs failed')
  return { created }
}

interface Moment {
  at: Date
  /** How far shorter windows have come that are not all made; windows that end later wait. */
  caughtUpTo: Date | undefined
}

async function createFor(
  tx: Transaction,
  configId: number,
  settings: WindowSettings,
  { at, caughtUpTo }: Moment,
): Promise<Window[]> {
  if (!(await exportBatches.lockConfig(tx, configId))) return []
  const config = await exportConfigs.find(tx, configId)
  if (!config) return []
  const latestEnd = await exportBatches.latestEnd(tx, configId)
  const windows = dueWindows(config, latestEnd, settings, at).filter(
    ({ end }) => caughtUpTo === undefined || end <= caughtUpTo,
  )
  if (windows.length > 0) await exportBatches.insert(tx, config, windows)
  return windows
}

/**
 * The windows of a config that have closed and have no batch yet, oldest first. A config that ends still gets the window in
 * which it does. The keys of a window begin where those of the one before it ended, so that windows that
 * overlap, because the period was changed, hold no key twice.
 */
export function dueWindows(
  config: ExportConfig,
  latestEnd: Date | undefined,
  settings: WindowSettings,
  now: Date,
): Window[] {
  const effectiveNow = new Date(now.getTime() - settings.minWindowAgeMs)
  if (config.from >= effectiveNow) return []
  const ranges = batchRanges({
    effectiveNow,
    latestEnd,
    periodMs: config.periodSeconds * 1000,
    truncateWindowMs: settings.truncateWindowMs,
    limit: settings.catchUpLimit,
  })
  const { thru } = config
  return ranges
    .filter(({ start }) => thru === undefined || start < thru)
    .map(({ start, end }) => ({ start, end, keysFrom: laterOf(start, latestEnd) }))
}

function laterOf(start: Date, latestEnd: Date | undefined): Date {
  return latestEnd && latestEnd > start ? latestEnd : start
}
