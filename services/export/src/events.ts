import type { exportBatches, exportFiles, exportIndexes } from '@ens/database'
import { isAppError } from '@ens/errors'
import { counter, gauge, histogram, type Logger } from '@ens/observability'

/** What happens while exporting: each a log line and its metrics. */
export type ExportEvents = ReturnType<typeof exportEvents>

type Batch = exportBatches.StoredBatch

const metric = (name: string) => `en-server/export/${name}`

const CONFIG = 'id of the export config'
const CODE = 'the code of the error'

const batcherSuccess = counter(metric('batcher/success'), {
  description: 'Runs of /create-batches that ended well.',
})
const workerSuccess = counter(metric('worker/success'), {
  description: 'Runs of /do-work that ended well.',
})
const created = counter(metric('batches_created_count'), { description: 'Batches made.' })
const noWork = counter(metric('batcher_no_work_count'), {
  description: 'Runs of /create-batches without a window due.',
})
const completed = counter(metric('batch_completion'), {
  description: 'Batches completed, by export config.',
  labels: {
    config_id: CONFIG,
    region: 'output region of the export config',
    includes_travelers: '`true` or `false`',
  },
})
const failed = counter(metric('batch_failures_count'), {
  description: 'Tries at a batch that failed, by export config and code.',
  labels: { config_id: CONFIG, code: CODE },
})
const overtaken = counter(metric('batches_overtaken_count'), {
  description: 'Batches exported ahead of an older one that keeps failing.',
  labels: { config_id: CONFIG },
})
const postponed = counter(metric('batches_postponed_count'), {
  description: 'Batches that waited for a publish on its way.',
  labels: { config_id: CONFIG },
})
const generated = counter(metric('generated_keys_count'), {
  description: 'Generated keys stored.',
  labels: { config_id: CONFIG },
})
const indexFailures = counter(metric('index_failures_count'), {
  description: 'Tries to write an index that failed.',
  labels: { config_id: CONFIG, code: CODE },
})
const duration = histogram(metric('batch_duration'), {
  description: 'How long a batch took that was completed.',
  labels: { config_id: CONFIG },
  unit: 'ms',
  boundaries: [50, 100, 500, 1000, 5000, 15_000, 60_000, 300_000],
})
const fileSize = histogram(metric('file_size'), {
  description: 'Sizes of archives.',
  labels: { config_id: CONFIG },
  unit: 'By',
  boundaries: [1e3, 1e4, 1e5, 1e6, 1e7, 1e8],
})
const fileKeys = histogram(metric('file_keys'), {
  description: 'Keys and revised keys in one archive.',
  labels: { config_id: CONFIG },
  boundaries: [10, 100, 1000, 10_000, 100_000, 1_000_000],
})

const unexportedAge = gauge(metric('oldest_unexported_age'), {
  description:
    'How long ago the oldest key arrived that is not exported yet, by export config; 0 if all are.',
  unit: 's',
  labels: { config_id: CONFIG },
})

export function exportEvents(logger: Logger) {
  return {
    batchesCreated(count: number): void {
      batcherSuccess.add()
      if (count === 0) noWork.add()
      else created.add(count)
      if (count > 0) logger.info({ created: count }, 'batches made')
    },

    configFailed(configId: number, error: unknown): void {
      logger.error({ configId, err: error }, 'no batches could be made for an export config')
    },

    leased(batch: Batch, ahead: number): void {
      logger.debug(aboutBatch(batch), 'batch leased')
      if (ahead === 0) return
      overtaken.add(1, { config_id: batch.configId })
      logger.error(
        { ...aboutBatch(batch), ahead },
        'a batch overtakes older ones that keep failing; phones that have seen it will miss them',
      )
    },

    postponed(batch: Batch): void {
      postponed.add(1, { config_id: batch.configId })
      logger.info(aboutBatch(batch), 'batch waits for a publish on its way')
    },

    settled(batch: Batch, count: number): void {
      if (count === 0) return
      generated.add(count, { config_id: batch.configId })
      logger.info({ ...aboutBatch(batch), generated: count }, 'batch filled up')
    },

    fileWritten(batch: Batch, file: exportFiles.ExportFile, isAdopted: boolean): void {
      const { filename, sizeBytes, keyCount, revisedKeyCount } = file
      fileSize.record(sizeBytes, { config_id: batch.configId })
      fileKeys.record(keyCount + revisedKeyCount, { config_id: batch.configId })
      const details = { filename, sizeBytes, keyCount, revisedKeyCount, isAdopted }
      logger.info({ ...aboutBatch(batch), ...details }, 'archive written')
    },

    completed(batch: Batch, files: number, elapsedMs: number): void {
      completed.add(1, {
        config_id: batch.configId,
        region: batch.outputRegion,
        includes_travelers: batch.includeTravelers,
      })
      duration.record(elapsedMs, { config_id: batch.configId })
      logger.info(
        { ...aboutBatch(batch), files, durationMs: Math.round(elapsedMs) },
        'batch complete',
      )
    },

    failed(batch: Batch, error: unknown): void {
      failed.add(1, { config_id: batch.configId, code: codeOf(error) })
      const details = { failures: batch.failures + 1, code: codeOf(error), err: error }
      logger.error({ ...aboutBatch(batch), ...details }, 'batch failed; it is tried again later')
    },

    interrupted(batch: Batch): void {
      logger.info(aboutBatch(batch), 'batch given back unfinished: the run was ended')
    },

    leaseLost(batch: Batch, error: unknown): void {
      logger.warn(
        { ...aboutBatch(batch), err: error },
        'batch was taken over, or could not be given back',
      )
    },

    indexWritten(
      index: exportIndexes.ExportIndex,
      details: { lines: number; expired: number },
    ): void {
      logger.info({ ...index, ...details }, 'index written')
    },

    indexFailed(index: exportIndexes.ExportIndex, error: unknown): void {
      indexFailures.add(1, { config_id: index.configId, code: codeOf(error) })
      logger.error({ ...index, err: error }, 'index could not be written; the next run tries again')
    },

    backlogMeasured(configId: number, ageMs: number): void {
      unexportedAge.record(Math.round(ageMs / 1000), { config_id: configId })
    },

    workDone(): void {
      workerSuccess.add()
    },
  }
}

/** What is told apart in metrics and in the reason that operators see. */
export function codeOf(error: unknown): string {
  return isAppError(error) ? error.code : 'internal_error'
}

function aboutBatch({ id, configId, start, end }: Batch) {
  return { batchId: id, configId, start, end }
}
