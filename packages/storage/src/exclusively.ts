import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { storageAccessDenied } from './errors.ts'

const LOCKED = 5 // SQLITE_BUSY
const RETRY_MS = 5

/**
 * Runs `work` while no other process of this machine runs one under the same lock file, which stays behind, empty.
 * The lock is SQLite's, because Node offers none on files: the kernel frees it should its holder die.
 */
export async function exclusively<T>(
  lockFile: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const lock = opened(lockFile)
  try {
    while (!taken(lock)) await setTimeout(RETRY_MS, undefined, { signal })
    return await work()
  } finally {
    lock.close()
  }
}

function opened(lockFile: string): DatabaseSync {
  try {
    return new DatabaseSync(lockFile, { timeout: 0 })
  } catch (cause) {
    throw storageAccessDenied(`the lock file ${lockFile} cannot be opened`, { cause })
  }
}

function taken(lock: DatabaseSync): boolean {
  try {
    lock.exec('begin exclusive')
    return true
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === LOCKED) return false
    throw error
  }
}
