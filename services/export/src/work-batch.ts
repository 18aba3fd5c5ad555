import { exportBatches, exportFiles, exportIndexes } from '@ens/database'
import { indexName } from '@ens/export-file'
import type { ExportDeps } from './deps.ts'
import { leaseLost, windowChanged } from './errors.ts'
import { settle } from './pad-exposures.ts'
import { writeFiles } from './write-files.ts'

export type BatchOutcome = { complete: true; files: exportFiles.ExportFile[] } | { complete: false }

/** Exports one batch: all of its files, or nothing that phones could see. Incomplete while a publish is still on its way. */
export async function workBatch(
  deps: ExportDeps,
  lease: exportBatches.Lease,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  const { batch } = lease
  if (!batch.settledAt && !(await settle(deps, batch))) return { complete: false }
  signal.throwIfAborted()
  const files = await writeFiles(deps, lease, signal)
  signal.throwIfAborted()
  await complete(deps, lease, files.length)
  return { complete: true, files }
}

/** Where a batch is listed. */
function indexOf(batch: exportBatches.StoredBatch): exportIndexes.ExportIndex {
  const { configId, bucketName, filenameRoot } = batch
  return { configId, bucketName, objectName: indexName(filenameRoot) }
}

async function complete(
  { db, now }: ExportDeps,
  lease: exportBatches.Lease,
  fileCount: number,
): Promise<void> {
  const { batch } = lease
  await db.transaction(async (tx) => {
    if (!(await exportBatches.complete(tx, lease, now()))) throw leaseLost()
    const published = await exportFiles.complete(tx, batch.id, fileCount)
    if (published !== fileCount)
      throw windowChanged(`${published} of ${fileCount} archives are recorded`)
    // Windows without keys change no line; the first one makes the index, so that phones find it.
    if (fileCount > 0 || (await exportIndexes.isNew(tx, indexOf(batch))))
      await exportIndexes.touch(tx, indexOf(batch))
  })
}
