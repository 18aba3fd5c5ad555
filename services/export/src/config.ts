import { duration, env, integer, timeout } from '@ens/config'
import { databaseConfig } from '@ens/database/config'
import { MAX_RECORDS } from '@ens/domain'
import { keysConfig } from '@ens/keys'
import { observabilityConfig } from '@ens/observability'
import { serverConfig } from '@ens/server/config'
import { storageConfig } from '@ens/storage'
import { z } from 'zod'

const DAY_MS = 86_400_000

/** Most that the arrival of a publish may differ from the database's clock; the exposure service refuses what is further off. */
export const PUBLISH_MAX_SKEW_MS = 15_000

/** One connection reads a window while the others record what is written. */
const exportDatabaseConfig = databaseConfig.refine(({ poolMax }) => poolMax >= 2, {
  path: ['poolMax'],
  message: 'the export service needs at least 2',
})

export const exportSettings = z.object({
  createBatchesTimeoutMs: env(
    'CREATE_BATCHES_TIMEOUT',
    timeout('5m'),
    'Longest that one run of /create-batches may take.',
  ),
  workerTimeoutMs: env(
    'WORKER_TIMEOUT',
    timeout('5m'),
    'Longest that one run of /do-work may take. A batch whose worker has vanished is taken over a little later.',
  ),
  minRecords: env(
    'EXPORT_FILE_MIN_RECORDS',
    integer({ min: 0, max: 100_000, fallback: 1000 }),
    'A batch with fewer keys is filled up with generated ones; an empty one stays empty.',
  ),
  paddingRange: env(
    'EXPORT_FILE_PADDING_RANGE',
    integer({ min: 0, max: 100_000, fallback: 100 }),
    'A batch is filled up to the minimum and a random number of keys more, at most this many.',
  ),
  maxRecords: env(
    'EXPORT_FILE_MAX_RECORDS',
    integer({ min: 1, max: MAX_RECORDS, fallback: 500_000 }),
    'Most keys in one archive, unless the export config says otherwise; what is more goes into further archives.',
  ),
  insertBatchSize: env(
    'MAX_INSERT_BATCH_SIZE',
    integer({ min: 1, max: 10_000, fallback: 100 }),
    'Generated keys are stored so many at a time.',
  ),
  truncateWindowMs: env(
    'TRUNCATE_WINDOW',
    duration('1h').refine((ms) => ms > 0 && ms <= DAY_MS, 'must be more than 0 and at most 24h'),
    'What the exposure service was told: arrival is stored no finer than this.',
  ),
  minWindowAgeMs: env(
    'MIN_WINDOW_AGE',
    duration('2h').refine(
      (ms) => ms >= 30_000,
      'must be at least 30s, the time that a publish may take to be stored',
    ),
    'How long ago a window must have ended to be exported. At least 30s, so that no publish can still land in it.',
  ),
  cleanupTtlMs: env(
    'CLEANUP_TTL',
    duration('336h').refine((ms) => ms > 0, 'must be more than 0'),
    'Archives of older windows are no longer listed, and marked for deletion. The clean-up services must be told the same.',
  ),
  reprocessCount: env(
    'REPROCESS_COUNT',
    integer({ min: 0, max: 1_000_000, fallback: 0 }),
    'Moves the times in the names of archives by so many seconds. Kept for deployments that have raised it.',
  ),
  catchUpLimit: env(
    'EXPORT_CATCH_UP_LIMIT',
    integer({ min: 1, max: 100_000, fallback: 500 }),
    'After an outage one run of /create-batches makes at most this many windows for each export config; the next run goes on.',
  ),
  overtakeAfterMs: env(
    'EXPORT_OVERTAKE_AFTER',
    duration('6h').refine((ms) => ms >= 0, 'must not be negative'),
    'A batch that keeps failing holds back younger ones of its export config for this long, because phones may miss an archive that comes out of turn.',
  ),
})

export type ExportSettings = z.output<typeof exportSettings>

export const config = z.object({
  server: serverConfig,
  observability: observabilityConfig,
  database: exportDatabaseConfig,
  storage: storageConfig,
  keys: keysConfig,
  exports: exportSettings,
})

export type Config = z.output<typeof config>
