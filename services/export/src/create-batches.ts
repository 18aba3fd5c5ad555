import { type Database, exportBatches, exportConfigs } from '@ens/database'
import { type BatchRange, batchRanges, type ExportConfig } from '@ens/domain'
import type { ExportSettings } from './config.ts'
import type { ExportDeps } from './deps.ts'

type WindowSettings = Pick<ExportSettings, 'minWindowAgeMs' | 'truncateWindowMs' | 'catchUpLimit'>

export type Window = BatchRange & { keysFrom: Date }

/**
 * Makes a batch for every window that has closed, config by config, the shorter periods first: their generated keys have to be
 * stored before longer windows are read. A config that fails does not stop the others.
 */
export async function createBatches(
  { db, settings, now, events }: Pick<ExportDeps, 'db' | 'settings' | 'now' | 'events'>,
  signal: AbortSignal,
): Promise<{ created: number }> {
  const configs = await exportConfigs.list(db)
  configs.sort((a, b) => a.periodSeconds - b.periodSeconds)
  const failures: unknown[] = []
  let created = 0
  for (const { id } of configs) {
    signal.throwIfAborted()
    try {
      created += await createFor(db, id, settings, now())
    } catch (error) {
      events.configFailed(id, error)
      failures.push(error)
    }
  }
  events.batchesCreated(created)
  if (failures.length > 0) throw new AggregateError(failures, 'some export configs failed')
  return { created }
}

function createFor(
  db: Database,
  configId: number,
  settings: WindowSettings,
  now: Date,
): Promise<number> {
  return db.transaction(async (tx) => {
    if (!(await exportBatches.lockConfig(tx, configId))) return 0
    const config = await exportConfigs.find(tx, configId)
    if (!config) return 0
    const latestEnd = await exportBatches.latestEnd(tx, configId)
    const windows = dueWindows(config, latestEnd, settings, now)
    return windows.length > 0 ? exportBatches.insert(tx, config, windows) : 0
  })
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
