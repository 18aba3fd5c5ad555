import {
  exportBatches,
  exportConfigs,
  exportIndexes,
  exposures,
  type Queryable,
} from '@ens/database'
import { type ExportConfig, effectiveInputRegions, truncate } from '@ens/domain'
import { closingTime } from './closing-time.ts'
import type { ExportSettings } from './config.ts'
import type { ExportDeps } from './deps.ts'

type StatusDeps = Pick<ExportDeps, 'db' | 'settings' | 'now'>

const MOST_BATCHES = 200

/** Where everybody's export is: for operators, and for what watches over them. */
export async function reportStatus({ db, settings, now }: StatusDeps): Promise<object> {
  const at = now()
  const progress = new Map((await exportBatches.listProgress(db)).map((one) => [one.configId, one]))
  const indexes = await exportIndexes.list(db)
  const unfinished = await exportBatches.listUnfinished(db, MOST_BATCHES)
  const configs = await exportConfigs.list(db)
  return {
    now: at,
    configs: await Promise.all(
      configs.map(async (config) => ({
        id: config.id,
        bucket: config.bucketName,
        filenameRoot: config.filenameRoot,
        periodSeconds: config.periodSeconds,
        ...(config.thru && { thru: config.thru }),
        ...describeProgress(progress.get(config.id)),
        nextDue: nextDue(config, progress.get(config.id)?.latestEnd, settings),
        oldestUnexportedKey: await oldestUnexported(db, config, progress.get(config.id), at),
        indexes: indexes
          .filter(({ configId }) => configId === config.id)
          .map(({ bucketName, objectName, writtenAt, isCurrent }) => {
            return { bucket: bucketName, name: objectName, writtenAt, isCurrent }
          }),
        openBatches: unfinished.filter(({ configId }) => configId === config.id).map(describe),
      })),
    ),
  }
}

function describeProgress(progress: exportBatches.Progress | undefined) {
  return {
    exportedUntil: progress?.exportedUntil,
    lastCompletedAt: progress?.completedAt,
    unfinished: progress?.unfinished ?? 0,
    failing: progress?.failing ?? 0,
  }
}

function describe(batch: exportBatches.StoredBatch) {
  const { id, start, end, status, leaseExpires, failures, failingSince, notBefore, lastError } =
    batch
  return { id, start, end, status, leaseExpires, failures, failingSince, notBefore, lastError }
}

/** When the next window of a config can be made; undefined if it has ended, or at once if it has not begun to export. */
export function nextDue(
  { periodSeconds, thru }: Pick<ExportConfig, 'periodSeconds' | 'thru'>,
  latestEnd: Date | undefined,
  { truncateWindowMs, minWindowAgeMs }: Pick<ExportSettings, 'truncateWindowMs' | 'minWindowAgeMs'>,
): Date | undefined {
  if (!latestEnd || (thru && latestEnd >= thru)) return undefined
  const periodMs = periodSeconds * 1000
  const nextEnd = truncate(latestEnd, periodMs).getTime() + periodMs
  const closed = closingTime(new Date(nextEnd), truncateWindowMs)
  return new Date(closed.getTime() + minWindowAgeMs)
}

/** When the oldest key arrived that no archive of the config holds yet, of those that one will hold: a config that has ended has no more. */
export function oldestUnexported(
  db: Queryable,
  config: ExportConfig,
  progress: exportBatches.Progress | undefined,
  at: Date,
): Promise<Date | undefined> {
  const keysFrom = progress?.unexportedFrom ?? config.from
  // The window in which a config ends is its last; when that is exported it has nothing to wait for.
  const hasEnded = config.thru !== undefined && keysFrom >= config.thru
  if (hasEnded && !progress?.unfinished) return Promise.resolve(undefined)
  return exposures.oldestArrival(db, {
    ...config,
    inputRegions: effectiveInputRegions(config),
    keysFrom,
    end: at,
  })
}
