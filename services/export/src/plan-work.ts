import { exportBatches, exportConfigs, exposures } from '@ens/database'
import { type ExportTerms, effectiveInputRegions } from '@ens/domain'
import { archiveName } from './archive-name.ts'
import { closingTime } from './closing-time.ts'
import type { ExportSettings } from './config.ts'
import { dueWindows } from './create-batches.ts'
import type { ExportDeps } from './deps.ts'
import { type FileShare, shareOut } from './group-exposures.ts'
import { listSigning } from './open-signers.ts'

type PlanningDeps = Pick<ExportDeps, 'db' | 'settings' | 'now' | 'maxSkewMs'>

/** A window that is to be exported, with what would come of it now. */
export interface PlannedWindow extends FileShare {
  configId: number
  start: Date
  end: Date
  /** Fewest and most keys, generated ones included, if it would be filled up. */
  filledUpTo?: [number, number]
  files: string[]
  /** Why it is not exported by the next /do-work; empty if it is. */
  waitsFor: string[]
}

const MOST_WINDOWS = 200

/** What the next runs would export, and why not; nothing is changed. */
export async function planWork(deps: PlanningDeps): Promise<{ windows: PlannedWindow[] }> {
  const batches = await exportBatches.listUnfinished(deps.db, MOST_WINDOWS)
  const planned: PlannedWindow[] = []
  for (const [i, batch] of batches.entries()) {
    const older = batches.slice(0, i).filter(({ configId }) => configId === batch.configId)
    planned.push(await plan(deps, batch, await reasons(deps, batch, older)))
  }
  for (const window of await unmade(deps))
    planned.push(await plan(deps, window, ['the next /create-batches, which makes its batch']))
  return { windows: planned }
}

type Planned = Pick<exportBatches.StoredBatch, 'configId' | 'start' | 'end' | 'keysFrom'> &
  ExportTerms & { settledAt?: Date | undefined; regenerations: number }

async function plan(
  { db, settings }: PlanningDeps,
  window: Planned,
  waitsFor: string[],
): Promise<PlannedWindow> {
  const { configId, start, end } = window
  const counted = await exposures.countSelected(db, window)
  const filledUpTo = fillUp(counted.keys, window, settings)
  const keys = filledUpTo?.[0] ?? counted.keys
  const shares = shareOut({ ...counted, keys }, window.maxRecordsOverride ?? settings.maxRecords)
  const files = shares.map((_, i) => archiveName(window, i + 1, settings.reprocessCount))
  return { configId, start, end, ...counted, ...(filledUpTo && { filledUpTo }), files, waitsFor }
}

function fillUp(
  keys: number,
  { settledAt }: Planned,
  { minRecords, paddingRange }: ExportSettings,
): [number, number] | undefined {
  const isFilledUp = !settledAt && keys > 0 && keys < minRecords
  return isFilledUp ? [minRecords, minRecords + paddingRange] : undefined
}

async function reasons(
  { db, now, settings, maxSkewMs }: PlanningDeps,
  batch: exportBatches.StoredBatch,
  older: readonly exportBatches.StoredBatch[],
): Promise<string[]> {
  const at = now()
  const closing = closingTime(batch.end, settings.truncateWindowMs)
  const { status, leaseExpires, notBefore, failures, lastError } = batch
  const isLeased = status === 'PENDING' && leaseExpires !== undefined && leaseExpires >= at
  const isResting = notBefore !== undefined && notBefore > at
  return [
    isLeased && `the worker that holds it, until ${leaseExpires.toISOString()} at most`,
    isResting &&
      `${notBefore.toISOString()}, after ${failures} failures (${lastError ?? 'none said why'})`,
    older.length > 0 && `${older.length} older windows of its config`,
    (await exposures.publishesInFlight(db, closing, maxSkewMs)) && 'a publish on its way',
    (await listSigning(db, batch, at)).length === 0 && 'a signature info that is still valid',
  ].filter((reason) => typeof reason === 'string')
}

/** Windows that have closed and have no batch yet. */
async function unmade({ db, settings, now }: PlanningDeps): Promise<Planned[]> {
  const configs = await exportConfigs.list(db)
  const windows = await Promise.all(
    configs.map(async (config) => {
      const latestEnd = await exportBatches.latestEnd(db, config.id)
      const inputRegions = effectiveInputRegions(config)
      return dueWindows(config, latestEnd, settings, now()).map((window) => {
        return { ...config, inputRegions, ...window, configId: config.id, regenerations: 0 }
      })
    }),
  )
  return windows.flat().slice(0, MOST_WINDOWS)
}
