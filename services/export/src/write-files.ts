import { type exportBatches, exportFiles } from '@ens/database'
import { archiveName } from './archive-name.ts'
import { buildArchive } from './build-archive.ts'
import type { ExportDeps, OpenSigner } from './deps.ts'
import { leaseLost, nameTaken, windowChanged } from './errors.ts'
import { type FileShare, shareOut } from './group-exposures.ts'
import { openSigners } from './open-signers.ts'
import { type BatchContents, readExposures } from './read-exposures.ts'
import { findAdoptable, upload } from './store-archive.ts'

export type WritingDeps = Pick<
  ExportDeps,
  'db' | 'blobstore' | 'keyManager' | 'settings' | 'now' | 'events'
>

/** Builds, signs and uploads every file of a settled batch, one after the other, and says what they are. */
export function writeFiles(
  deps: WritingDeps,
  lease: exportBatches.Lease,
  signal: AbortSignal,
): Promise<exportFiles.ExportFile[]> {
  const { batch } = lease
  const work = async (contents: BatchContents) => {
    const maxRecords = batch.maxRecordsOverride ?? deps.settings.maxRecords
    const shares = shareOut(contents.counted, maxRecords)
    if (shares.length === 0) return []
    const signers = await openSigners(deps, batch, signal)
    const files: exportFiles.ExportFile[] = []
    for (const share of shares) {
      signal.throwIfAborted()
      const place = { number: files.length + 1, count: shares.length }
      files.push(await writeFile(deps, { lease, signers, share, ...place }, contents, signal))
    }
    return files
  }
  return readExposures(deps, batch, work, signal)
}

interface FileTask {
  lease: exportBatches.Lease
  signers: readonly OpenSigner[]
  share: FileShare
  number: number
  count: number
}

async function writeFile(
  deps: WritingDeps,
  task: FileTask,
  { portion }: BatchContents,
  signal: AbortSignal,
): Promise<exportFiles.ExportFile> {
  const { lease, share, number, count } = task
  const { batch } = lease
  const records = share.keys + share.revisedKeys
  const built = await buildArchive({ batch, records, ...task }, portion(records), signal)
  checkShare(built.share, share)
  const filename = archiveName(batch, number, deps.settings.reprocessCount)
  const storing = { ...task, filename, built }
  const adopted = await findAdoptable(deps, storing, signal)
  const archive = adopted ?? built
  const file: exportFiles.ExportFile = {
    filename,
    batchNum: number,
    batchSize: count,
    digest: archive.digest,
    sizeBytes: archive.contents.length,
    keyCount: share.keys,
    revisedKeyCount: share.revisedKeys,
  }
  await record(deps, lease, file)
  if (!adopted) await upload(deps, storing, signal)
  deps.events.fileWritten(batch, file, adopted !== undefined)
  return file
}

function checkShare(actual: FileShare, planned: FileShare): void {
  if (actual.keys === planned.keys && actual.revisedKeys === planned.revisedKeys) return
  throw windowChanged(
    `counted ${planned.keys} keys and ${planned.revisedKeys} revised keys, read ${actual.keys} and ${actual.revisedKeys}`,
  )
}

async function record(
  { db }: WritingDeps,
  lease: exportBatches.Lease,
  file: exportFiles.ExportFile,
): Promise<void> {
  const outcome = await db.transaction((tx) => exportFiles.record(tx, lease, file))
  if (outcome === 'lost') throw leaseLost()
  if (outcome === 'taken') throw nameTaken(`${file.filename} was published already`)
}
