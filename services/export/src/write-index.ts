import { exportFiles, exportIndexes, holdsLock, withLock } from '@ens/database'
import { encodeIndex } from '@ens/export-file'
import { objectChanged } from '@ens/storage'
import type { ExportDeps } from './deps.ts'
import { createObject, findObject, hasCode, type StoredObject, within } from './objects.ts'

export type IndexDeps = Pick<ExportDeps, 'db' | 'blobstore' | 'settings' | 'now' | 'events'>

const LOCK_TTL_MS = 60_000

/** Also an index that nothing happened to is looked at once in a while, and mended if it is lost or damaged. */
const CHECK_EVERY_MS = 3_600_000

/** A writer that others keep getting ahead of leaves the rest to them, or to the next run. */
const TRIES = 3

/** Writes every index (of one config) that no longer says what the database does. One that fails does not stop the others. */
export async function writeDueIndexes(
  deps: IndexDeps,
  signal: AbortSignal,
  configId?: number,
): Promise<void> {
  const checkedBefore = new Date(deps.now().getTime() - CHECK_EVERY_MS)
  const due = await exportIndexes.listDue(deps.db, { cutoff: cutoffOf(deps), checkedBefore })
  const failures: unknown[] = []
  for (const index of due) {
    if (configId !== undefined && index.configId !== configId) continue
    signal.throwIfAborted()
    try {
      await writeIndex(deps, index, signal)
    } catch (error) {
      deps.events.indexFailed(index, error)
      failures.push(error)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'some indexes could not be written')
}

/**
 * Makes an index say what the database does, and marks for deletion what no index lists any more. One writer at a time: while
 * another is at it, it is left to that one, which looks again before it stops.
 */
async function writeIndex(
  deps: IndexDeps,
  index: exportIndexes.ExportIndex,
  signal: AbortSignal,
): Promise<void> {
  const name = `export-config-${index.configId}`
  await withLock(deps.db, { name, ttlMs: LOCK_TTL_MS, now: deps.now }, async ({ token, lost }) => {
    const task = { index, lock: { name, token }, signal: AbortSignal.any([signal, lost]) }
    for (let tries = 0; tries < TRIES; tries++) if (await writeOnce(deps, task)) return
  })
}

interface IndexTask {
  index: exportIndexes.ExportIndex
  lock: { name: string; token: string }
  signal: AbortSignal
}

/** False if more has changed meanwhile. */
async function writeOnce(deps: IndexDeps, { index, lock, signal }: IndexTask): Promise<boolean> {
  const { db, blobstore, now, events } = deps
  // The object is read before the database: whoever wrote in between knew less, or fails our condition.
  const present = await findObject(blobstore, index.bucketName, index.objectName, signal)
  const cutoff = cutoffOf(deps)
  const wanted = await exportIndexes.read(db, index, cutoff)
  if (!wanted) return true
  const body = Buffer.from(encodeIndex(wanted.filenames))
  if (!(await replace(deps, index, { body, present }, signal))) return false
  return db.transaction(async (tx) => {
    if (!(await holdsLock(tx, lock.name, lock.token, now()))) return true
    const written = { version: wanted.version, cutoff, at: now() }
    const isCurrent = await exportIndexes.recordWritten(tx, index, written)
    const expired = await exportFiles.markExpired(tx, index.configId)
    events.indexWritten(index, { lines: wanted.filenames.length, expired })
    return isCurrent
  })
}

/** False if somebody else has changed the object since it was read. */
async function replace(
  { blobstore }: IndexDeps,
  { bucketName, objectName }: exportIndexes.ExportIndex,
  { body, present }: { body: Buffer; present: StoredObject | undefined },
  signal: AbortSignal,
): Promise<boolean> {
  if (present && body.equals(present.contents)) return true
  const options = { contentType: 'text/plain', cacheable: false }
  if (!present)
    return createObject(blobstore, bucketName, objectName, { contents: body, ...options }, signal)
  const onlyIf = blobstore.capabilities.conditionalPut ? present.version : undefined
  try {
    await blobstore.put(bucketName, objectName, body, {
      ...options,
      onlyIf,
      signal: within(signal),
    })
    return true
  } catch (error) {
    if (hasCode(error, objectChanged.code)) return false
    throw error
  }
}

function cutoffOf({ settings, now }: IndexDeps): Date {
  return new Date(now().getTime() - settings.cleanupTtlMs)
}
