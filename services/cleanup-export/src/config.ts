import { duration, env, integer } from '@ens/config'
import { databaseConfig, retentionConfig } from '@ens/database/config'
import { observabilityConfig } from '@ens/observability'
import { serverConfig } from '@ens/server/config'
import { storageConfig } from '@ens/storage'
import { z } from 'zod'

/** Each deletion at a time waits for the database once. */
const MOST_AT_ONCE = 64

const cleanupSettings = retentionConfig.extend({
  historyTtlMs: env(
    'EXPORT_HISTORY_TTL',
    duration('720h').refine((ms) => ms >= 0, 'must not be negative'),
    'Rows of archives that are gone, and of their batches, are kept until their window is so long ago. Each export config keeps its last window.',
  ),
  deletesAtOnce: env(
    'CLEANUP_DELETES_AT_ONCE',
    integer({ min: 1, max: MOST_AT_ONCE, fallback: 8 }),
    'So many archives are deleted at the same time.',
  ),
  batchSize: env(
    'CLEANUP_BATCH_SIZE',
    integer({ min: 1, max: 50_000, fallback: 1000 }),
    'So many rows are read or changed at a time.',
  ),
})

export type CleanupSettings = z.output<typeof cleanupSettings>

export const config = z.object({
  server: serverConfig,
  observability: observabilityConfig,
  database: databaseConfig,
  storage: storageConfig,
  cleanup: cleanupSettings,
})

export type Config = z.output<typeof config>
