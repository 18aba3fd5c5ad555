import { type exportBatches, exportFiles, signatureInfos } from '@ens/database'
import { liveSignatureInfos } from '@ens/domain'
import { exportFilename, exportWithoutSigner, indexName, parseIndex } from '@ens/export-file'
import { objectChanged } from '@ens/storage'
import { type Archive, buildArchive, sha256 } from './build-archive.ts'
import { checkArchive } from './check-archive.ts'
import type { ExportDeps, OpenSigner } from './deps.ts'
import { archiveDamaged, leaseLost, nameTaken, windowChanged } from './errors.ts'
import { type FileShare, shareOut } from './group-exposures.ts'
import { createObject, findObject, within } from './objects.ts'
import { type BatchContents, readExposures } from './read-exposures.ts'

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
  return readExposures(deps, batch, async (contents) => {
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
  })
}

/** The keys that sign a batch now, the newest first. Without any, or if one cannot be reached, nothing may be published. */
async function openSigners(
  { db, keyManager, now }: WritingDeps,
  batch: exportBatches.StoredBatch,
  signal: AbortSignal,
): Promise<OpenSigner[]> {
  const infos = await signatureInfos.listByIds(db, batch.signatureInfoIds)
  const live = liveSignatureInfos(infos, now())
  if (live.length === 0)
    throw exportWithoutSigner(
      `export config ${batch.configId} has no signature info that is still valid`,
    )
  return Promise.all(
    live.map(async ({ keyId, keyVersion, signingKey }) => {
      return { keyId, keyVersion, signer: await keyManager.signer(signingKey, { signal }) }
    }),
  )
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
  const pages = portion(share.keys + share.revisedKeys)
  const built = await buildArchive({ batch, ...task }, pages, signal)
  checkShare(built.share, share)
  const filename = nameOf(batch, number, deps.settings.reprocessCount)
  const adopted = await findAdoptable(deps, task, filename, built, signal)
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
  if (!adopted) await upload(deps, task, filename, built, signal)
  deps.events.fileWritten(batch, file, adopted !== undefined)
  return file
}

function checkShare(actual: FileShare, planned: FileShare): void {
  if (actual.keys === planned.keys && actual.revisedKeys === planned.revisedKeys) return
  throw windowChanged(
    `counted ${planned.keys} keys and ${planned.revisedKeys} revised keys, read ${actual.keys} and ${actual.revisedKeys}`,
  )
}

/** Regenerated files get new names: phones and caches never see a name with two contents. */
function nameOf(batch: exportBatches.StoredBatch, number: number, reprocessCount: number): string {
  const moved = reprocessCount + batch.regenerations
  return exportFilename(batch.filenameRoot, batch.start, batch.end, number, moved)
}

/** What an earlier try uploaded, if it is what that try recorded, says the same as this one, and is signed by the same keys. */
async function findAdoptable(
  { db, blobstore }: WritingDeps,
  { lease, signers }: FileTask,
  filename: string,
  built: Archive,
  signal: AbortSignal,
): Promise<Archive | undefined> {
  const earlier = await exportFiles.findUnfinished(db, lease, filename)
  if (!earlier) return undefined
  const object = await findObject(blobstore, lease.batch.bucketName, filename, signal)
  if (!object || !sha256(object.contents).equals(earlier.digest)) return undefined
  try {
    await checkArchive(object.contents, built, signers)
  } catch {
    return undefined // of other keys, or by other signers; whatever it is, it will be replaced
  }
  return { ...built, contents: Buffer.from(object.contents), digest: earlier.digest }
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

/** Uploads an archive and reads it back, so that only what can be downloaded and verified counts as written. */
async function upload(
  deps: WritingDeps,
  { lease, signers }: FileTask,
  filename: string,
  built: Archive,
  signal: AbortSignal,
): Promise<void> {
  const { blobstore } = deps
  const { bucketName } = lease.batch
  const object = { contents: built.contents, contentType: 'application/zip', cacheable: true }
  if (!(await createObject(blobstore, bucketName, filename, object, signal)))
    await replaceUnlisted(deps, lease.batch, filename, object, signal)
  const stored = await findObject(blobstore, bucketName, filename, signal)
  if (!stored || !sha256(stored.contents).equals(built.digest))
    throw archiveDamaged(`${filename} did not read back as it was written`)
  await checkArchive(stored.contents, built, signers)
}

/** Replaces what a try that did not end left under the name; never what an index lists. */
async function replaceUnlisted(
  { blobstore }: WritingDeps,
  batch: exportBatches.StoredBatch,
  filename: string,
  { contents, ...options }: { contents: Uint8Array; contentType: string; cacheable: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { bucketName, filenameRoot } = batch
  const index = await findObject(blobstore, bucketName, indexName(filenameRoot), signal)
  if (index && parseIndex(Buffer.from(index.contents).toString()).includes(filename))
    throw nameTaken(`${filename} is listed in ${indexName(filenameRoot)} already`)
  const present = await findObject(blobstore, bucketName, filename, signal)
  if (!present) throw objectChanged(`${filename} was there, and is gone; somebody else is at it`)
  // Only if it is still what was seen: a worker whose lease was taken over must not replace its successor's.
  const onlyIf = blobstore.capabilities.conditionalPut ? present.version : undefined
  await blobstore.put(bucketName, filename, contents, {
    ...options,
    onlyIf,
    signal: within(signal),
  })
}
