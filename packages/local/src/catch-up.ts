import { parseDuration } from '@ens/config'
import { type Database, exportBatches, exportConfigs } from '@ens/database'
import { type ExportConfig, truncate } from '@ens/domain'
import { DEMO_TIMING } from './demo-configuration.ts'

/** Fewer windows than this are left to the export service. */
const WORTH_IT = 100

/**
 * Lays one wide window over the time in which the fleet did not run, in place of thousands of short ones: nobody published
 * meanwhile, so all that is due are keys from just before, and those whose embargo has ended. To be called before the
 * export service starts. Returns how many short windows were saved.
 */
export async function catchUp(db: Database, now: Date): Promise<number> {
  const effectiveMs = now.getTime() - parseDuration(DEMO_TIMING.minWindowAge)
  const configs = await exportConfigs.listActive(db, new Date(effectiveMs))
  let saved = 0
  for (const config of configs) saved += await catchUpWith(db, config, new Date(effectiveMs))
  return saved
}

async function catchUpWith(db: Database, config: ExportConfig, effective: Date): Promise<number> {
  const periodMs = config.periodSeconds * 1_000
  const start = await exportBatches.latestEnd(db, config.id)
  const end = truncate(effective, periodMs)
  const windows = start ? Math.floor((end.getTime() - start.getTime()) / periodMs) : 0
  if (!start || windows < WORTH_IT) return 0
  await db.transaction((tx) => exportBatches.insert(tx, config, [{ start, end, keysFrom: start }]))
  return windows
}
