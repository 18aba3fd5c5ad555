import { type Database, exportCleanUp } from '@ens/database'
import type { Blobstore } from '@ens/storage'
import type { CleanupSettings } from './config.ts'
import { eachOf } from './each-of.ts'
import { archivesNotDeleted, cleanupUnfinished } from './errors.ts'
import type { CleanupEvents } from './events.ts'

export interface DeletionDeps {
  db: Database
  blobstore: Blobstore
  settings: CleanupSettings
  events: CleanupEvents
  /** Longest that deleting one object may take. */
  objectTimeoutMs: number
}

/**
 * Deletes every archive that is marked and whose window ended before the cutoff, and says how many. One that fails does not
 * stop the others: it throws `cleanup_archives_not_deleted` at the end, with the counts and all that went wrong as the cause;
 * `cleanup_exports_left` when the signal aborts first.
 */
export async function deleteArchives(
  deps: DeletionDeps,
  cutoff: Date,
  signal: AbortSignal,
): Promise<number> {
  const { db, settings } = deps
  const failures: unknown[] = []
  let deleted = 0
  for (let after: exportCleanUp.DoomedFile | undefined; !signal.aborted; ) {
    const page = { cutoff, after, limit: settings.batchSize }
    const files = await exportCleanUp.listDoomed(db, page)
    await eachOf(files, { atOnce: settings.deletesAtOnce, signal }, async (file) => {
      try {
        await deleteArchive(deps, file, signal)
        deleted++
      } catch (error) {
        if (!signal.aborted) deps.events.notDeleted(file, error)
        failures.push(error)
      }
    })
    after = files.at(-1)
    if (!after) return allOf(deleted, failures)
  }
  throw cleanupUnfinished(undefined, { cause: signal.reason })
}

/** The object first, then its row: what is repeated finds the object gone, which is as good. */
async function deleteArchive(
  { db, blobstore, events, objectTimeoutMs }: DeletionDeps,
  file: exportCleanUp.DoomedFile,
  signal: AbortSignal,
): Promise<void> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(objectTimeoutMs)])
  await blobstore.delete(file.bucketName, file.filename, { signal: within })
  await exportCleanUp.recordDeleted(db, file)
  events.deleted(file)
}

function allOf(deleted: number, failures: unknown[]): number {
  if (failures.length === 0) return deleted
  const [first] = failures
  const reason = first instanceof Error ? first.message : 'unknown'
  const message = `${failures.length} archives could not be deleted, ${deleted} were; the first: ${reason}`
  const cause = new AggregateError(failures, 'archives could not be deleted')
  throw archivesNotDeleted(message, { cause })
}
