import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createExportConfig } from '@ens/admin'
import { exportBatches, exportConfigs, type exposures } from '@ens/database'
import type { BatchRange } from '@ens/domain'
import type { Bench } from '../bench.ts'
import { REGION } from '../stand/configuration.ts'
import type { BenchDatabase } from '../stand/databases.ts'
import { BUCKET, withService } from '../stand/services.ts'
import type { Stand } from '../stand/stand.ts'
import { startMeter } from './saturate.ts'

export const MB = 1e6

export interface ExportOrder {
  database: BenchDatabase
  /** No other order may have it: archives lie under it. */
  filenameRoot: string
  windows: readonly BatchRange[]
  periodSeconds: number
  variables?: Record<string, string>
}

/** One call of the worker, by a service that has just started. */
export interface ExportRun {
  ms: number
  keys: number
  files: number
  archiveBytes: number
  peakBytes: number | undefined
  serviceMs: number | undefined
  databaseMs: number | undefined
}

/** Exports windows that have ended, as the scheduler has it done. */
export async function exportWindows(bench: Bench, order: ExportOrder): Promise<ExportRun> {
  const { stand, profileFolder } = bench
  await addBatches(stand, order)
  const variables = { ...order.database.variables, ...order.variables }
  return withService(stand, { name: 'export', variables, profileFolder }, async (service) => {
    const costs = startMeter(stand.postgresPid, [service])
    const startedAt = performance.now()
    const reply = await callJob(service.port, '/do-work')
    const ms = performance.now() - startedAt
    const { keys = 0, files = 0, batches = 0 } = reply
    if (batches !== order.windows.length)
      throw new Error(`of ${order.windows.length} windows ${batches} were exported`)
    return {
      ms,
      keys,
      files,
      archiveBytes: await sizeOfArchives(stand, order.filenameRoot),
      peakBytes: service.memory()?.peakBytes,
      ...costs(),
    }
  })
}

/** Calls a job as the scheduler does. Throws unless it went well. */
export async function callJob(port: number, path: string): Promise<Record<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST' })
  const text = await response.text()
  const reply = response.ok ? JSON.parse(text) : undefined
  if (reply?.ok !== true) throw new Error(`${path} answered ${response.status}: ${text}`)
  return reply
}

/** Which keys such a window releases. */
export function selectionOf({ start, end }: BatchRange): exposures.Selection {
  return {
    keysFrom: start,
    end,
    inputRegions: [REGION],
    excludeRegions: [],
    includeTravelers: false,
    onlyNonTravelers: false,
  }
}

/** Directly, because the service itself makes no window of the time before the config was. */
async function addBatches(
  { configuration }: Stand,
  { database, filenameRoot, windows, periodSeconds }: ExportOrder,
): Promise<void> {
  const { db } = database
  const deps = { db, now: () => new Date() }
  const id = await createExportConfig(deps, {
    bucketName: BUCKET,
    filenameRoot,
    periodSeconds,
    outputRegion: REGION,
    signatureInfoIds: [configuration.signatureInfoId],
  })
  const config = await exportConfigs.find(db, id)
  const ranges = windows.map(({ start, end }) => ({ start, end, keysFrom: start }))
  if (config) await db.transaction((tx) => exportBatches.insert(tx, config, ranges))
}

async function sizeOfArchives({ folder }: Stand, filenameRoot: string): Promise<number> {
  const place = join(folder, 'blobs', BUCKET, filenameRoot)
  const archives = (await readdir(place)).filter((name) => name.endsWith('.zip'))
  const sizes = await Promise.all(
    archives.map(async (name) => (await stat(join(place, name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
