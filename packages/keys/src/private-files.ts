import { randomUUID } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { invalidKeyId, keyMalformed, keyPermissionsTooOpen } from './errors.ts'

/** Files of this name are not complete yet, or were left by a crash; they are no keys. */
export const PARTIAL_PREFIX = '.partial-'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
/** A key has less than 200 bytes, what is told of it less than 100. */
const LONGEST_FILE_BYTES = 64 * 1024
const ANY_ACCESS_BY_OTHERS = 0o077
const WRITE_BY_OTHERS = 0o022
const READ_THE_FILE_ITSELF = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Makes the root if there is none. An existing one (a working directory, say) may be read by others, not written. */
export async function openPrivateRoot(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: FOLDER_MODE })
  refuseAccess(root, await stat(root), WRITE_BY_OTHERS)
}

/** Makes what is missing of the folders below the root, and has them survive a power cut. */
export async function createPrivateFolders(root: string, folders: string[]): Promise<void> {
  for (const path of pathsBelow(root, folders)) {
    const created = await mkdir(path, { recursive: true, mode: FOLDER_MODE })
    if (created !== undefined) await syncFolder(dirname(path))
    // Before anything is made in it: it may be a link that leads out of the root.
    if (await privateFoldersExist(dirname(path), [basename(path)])) continue
    throw invalidKeyId(`${path} is a link, not a folder`)
  }
}

/** Throws if one of the folders lets others in; false if one is missing. */
export async function privateFoldersExist(root: string, folders: string[]): Promise<boolean> {
  for (const path of pathsBelow(root, folders)) {
    const stats = await undefinedIfMissing(lstat(path))
    if (!stats?.isDirectory()) return false
    refuseAccess(path, stats, ANY_ACCESS_BY_OTHERS)
  }
  return true
}

/** Undefined if there is no such file; throws if others may read it. A symbolic link counts as missing. */
export async function findPrivateFile(path: string): Promise<Buffer | undefined> {
  const handle = await undefinedIfMissing(open(path, READ_THE_FILE_ITSELF))
  if (!handle) return undefined
  try {
    return await contentsOf(path, handle)
  } finally {
    await handle.close()
  }
}

/**
 * Creates the file whole or not at all, whatever crashes; false if there is one of that name already.
 * Written aside first: a name that readers know only ever stands for complete contents.
 */
export async function createPrivateFile(path: string, contents: Uint8Array): Promise<boolean> {
  const partial = join(dirname(path), `${PARTIAL_PREFIX}${randomUUID()}`)
  try {
    await writePartial(partial, contents)
    return await linkExclusively(partial, path)
  } finally {
    await rm(partial, { force: true })
    await syncFolder(dirname(path))
  }
}

/** To delete a file that is gone is no error. */
export async function deletePrivateFile(path: string): Promise<void> {
  await rm(path, { force: true })
  await undefinedIfMissing(syncFolder(dirname(path)))
}

export async function listFolder(path: string): Promise<string[]> {
  return (await undefinedIfMissing(readdir(path))) ?? []
}

async function writePartial(path: string, contents: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', FILE_MODE)
  try {
    await handle.writeFile(contents)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function linkExclusively(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

async function contentsOf(path: string, handle: FileHandle): Promise<Buffer> {
  const stats = await handle.stat()
  if (!stats.isFile()) throw keyMalformed(`${path} is not a file`)
  refuseAccess(path, stats, ANY_ACCESS_BY_OTHERS)
  if (stats.size > LONGEST_FILE_BYTES) throw keyMalformed(`${path} is larger than any key`)
  return handle.readFile()
}

function refuseAccess(path: string, { mode }: Stats, refused: number): void {
  if ((mode & refused) === 0) return
  const permissions = (mode & 0o777).toString(8).padStart(4, '0')
  throw keyPermissionsTooOpen(
    `${path} has mode ${permissions} and lets others in; run: chmod go= '${path}'`,
  )
}

function pathsBelow(root: string, folders: string[]): string[] {
  return folders.map((_, index) => join(root, ...folders.slice(0, index + 1)))
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function undefinedIfMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return undefined
    throw error
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
