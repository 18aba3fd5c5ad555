import { env, integer } from '@ens/config'
import { databaseConfig, retentionConfig } from '@ens/database/config'
import { observabilityConfig } from '@ens/observability'
import { serverConfig } from '@ens/server/config'
import { z } from 'zod'

const cleanupSettings = retentionConfig.extend({
  batchSize: env(
    'CLEANUP_BATCH_SIZE',
    integer({ min: 1, max: 50_000, fallback: 1000 }),
    'So many rows are deleted at a time. More is faster, and has publishes that revise one of them wait longer.',
  ),
})

export type CleanupSettings = z.output<typeof cleanupSettings>

export const config = z.object({
  server: serverConfig,
  observability: observabilityConfig,
  database: databaseConfig,
  cleanup: cleanupSettings,
})

export type Config = z.output<typeof config>
