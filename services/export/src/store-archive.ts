import { exportBatches, exportFiles } from '@ens/database'
import { indexName, parseIndex } from '@ens/export-file'
import { objectChanged } from '@ens/storage'
import { type Archive, sha256 } from './build-archive.ts'
import { checkArchive } from './check-archive.ts'
import type { ExportDeps, OpenSigner } from './deps.ts'
import { archiveDamaged, leaseLost, nameTaken } from './errors.ts'
import { createObject, findObject, type ObjectContents, within } from './objects.ts'

type StoringDeps = Pick<ExportDeps, 'db' | 'blobstore'>

/** One archive of a batch, as it was built, and where it belongs. */
export interface StoringTask {
  lease: exportBatches.Lease
  signers: readonly OpenSigner[]
  filename: string
  built: Archive
}

/** What an earlier try uploaded, if it is what that try recorded, says the same as this one, and is signed by the same keys. */
export async function findAdoptable(
  { db, blobstore }: StoringDeps,
  { lease, signers, filename, built }: StoringTask,
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

/** Uploads an archive and reads it back, so that only what can be downloaded and verified counts as written. */
export async function upload(
  deps: StoringDeps,
  { lease, signers, filename, built }: StoringTask,
  signal: AbortSignal,
): Promise<void> {
  const { blobstore } = deps
  const { bucketName } = lease.batch
  const object = { contents: built.contents, contentType: 'application/zip', cacheable: true }
  if (!(await createObject(blobstore, bucketName, filename, object, signal)))
    await replaceUnlisted(deps, lease, filename, object, signal)
  if (!(await isStored(blobstore, bucketName, { filename, digest: built.digest }, signal)))
    throw archiveDamaged(`${filename} did not read back as it was written`)
  // What is stored has these very bytes, of which one copy is enough.
  await checkArchive(built.contents, built, signers)
}

async function isStored(
  blobstore: StoringDeps['blobstore'],
  bucketName: string,
  { filename, digest }: { filename: string; digest: Buffer },
  signal: AbortSignal,
): Promise<boolean> {
  const stored = await findObject(blobstore, bucketName, filename, signal)
  return stored !== undefined && sha256(stored.contents).equals(digest)
}

/** Replaces what a try that did not end left under the name; never what an index lists. */
async function replaceUnlisted(
  { db, blobstore }: StoringDeps,
  lease: exportBatches.Lease,
  filename: string,
  { contents, ...options }: ObjectContents,
  signal: AbortSignal,
): Promise<void> {
  const { bucketName, filenameRoot } = lease.batch
  const index = await findObject(blobstore, bucketName, indexName(filenameRoot), signal)
  if (index && parseIndex(Buffer.from(index.contents).toString()).includes(filename))
    throw nameTaken(`${filename} is listed in ${indexName(filenameRoot)} already`)
  const present = await findObject(blobstore, bucketName, filename, signal)
  if (!present) throw objectChanged(`${filename} was there, and is gone; somebody else is at it`)
  // In this order: while the batch is ours what we have seen is no successor's, and only what we have seen is replaced.
  if (!(await exportBatches.isHeld(db, lease))) throw leaseLost()
  const onlyIf = blobstore.capabilities.conditionalPut ? present.version : undefined
  const put = { ...options, onlyIf, signal: within(signal) }
  await blobstore.put(bucketName, filename, contents, put)
}
