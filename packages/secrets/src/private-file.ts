import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { secretPermissionsTooOpen } from './errors.ts'
import { MAX_SECRET_BYTES } from './secret-manager.ts'
import { requireSize } from './value.ts'

const READ_THE_FILE_ITSELF = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const ANY_ACCESS_BY_OTHERS = 0o077
/** As PostgreSQL judges private keys: a file of root's may be read through its group, which is how mounts reach us. */
const ANY_ACCESS_BUT_READING_BY_THE_GROUP = 0o037
const WRITE_BY_OTHERS = 0o022
/** In such a folder (`/tmp`, a Kubernetes mount) nobody can replace the files of others. */
const STICKY = 0o1000
const ROOT = 0

/**
 * Undefined if it is a folder. Throws `secret_permissions_too_open` if others than its owner may read or change it, and
 * `secret_too_large`, having read no more than shows it.
 */
export async function readPrivateFile(path: string): Promise<Buffer | undefined> {
  const handle = await open(path, READ_THE_FILE_ITSELF)
  try {
    const stats = await handle.stat()
    if (stats.isDirectory()) return undefined
    requirePrivate(path, stats)
    requireSize(stats.size, path)
    return await readBounded(handle, path)
  } finally {
    await handle.close()
  }
}

/** What a file system says of a size need not be so. */
async function readBounded(handle: FileHandle, path: string): Promise<Buffer> {
  const options = { autoClose: false, end: MAX_SECRET_BYTES } // which is one byte more
  const contents = await buffer(handle.createReadStream(options))
  requireSize(contents.length, path)
  return contents
}

/** Throws if others may put something into the folder in place of what is there. */
export async function requireSafeFolder(path: string): Promise<void> {
  const stats = await stat(path)
  requireOurs(path, stats)
  if ((stats.mode & WRITE_BY_OTHERS) === 0 || (stats.mode & STICKY) !== 0) return
  throw secretPermissionsTooOpen(
    `${path} has mode ${octal(stats)}: others can replace secrets in it; run: chmod go-w '${path}'`,
  )
}

function requirePrivate(path: string, stats: Stats): void {
  requireOurs(path, stats)
  const readThroughGroup = stats.uid === ROOT && process.getuid?.() !== ROOT
  const refused = readThroughGroup ? ANY_ACCESS_BUT_READING_BY_THE_GROUP : ANY_ACCESS_BY_OTHERS
  if ((stats.mode & refused) === 0) return
  throw secretPermissionsTooOpen(
    `${path} has mode ${octal(stats)} and lets others in; run: chmod go= '${path}'`,
  )
}

/** Whoever owns a file can read and change it, whatever its mode. */
function requireOurs(path: string, { uid }: Stats): void {
  if (uid === ROOT || uid === process.getuid?.()) return
  throw secretPermissionsTooOpen(`${path} belongs to another user, who can read or replace it`)
}

function octal({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}
