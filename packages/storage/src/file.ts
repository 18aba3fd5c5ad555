import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Version } from './blobstore.ts'
import { type BoundedObject, requireSize } from './size.ts'

/** A pipe that somebody has put there would otherwise hold a thread until it is written to. */
const WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK
const PIECE_BYTES = 64 * 1024

/** The contents of a file; undefined if there is none. Throws `blob_too_large`, before it is read. */
export function readFileBounded(path: string, object: BoundedObject): Promise<Buffer | undefined> {
  return withFile(path, async (handle, sizeBytes) => {
    requireSize(sizeBytes, object)
    return readWhole(handle, sizeBytes)
  })
}

/** Objects never grow; a file that does while it is read is somebody else's, and is not followed. */
async function readWhole(handle: FileHandle, sizeBytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(sizeBytes + 1)
  let length = 0
  while (length <= sizeBytes) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  if (length === sizeBytes) return buffer.subarray(0, length)
  throw new Error(`the file changed from ${sizeBytes} bytes to another size while it was read`)
}

/** What `versionOf` says of the contents of a file, without holding them at once; undefined if there is none. */
export function fileVersion(path: string): Promise<Version | undefined> {
  return withFile(path, async (handle) => {
    const hash = createHash('sha256')
    const pieces = handle.createReadStream({ autoClose: false, highWaterMark: PIECE_BYTES })
    for await (const piece of pieces) hash.update(piece)
    return hash.digest('hex') as Version
  })
}

async function withFile<T>(
  path: string,
  work: (handle: FileHandle, sizeBytes: number) => Promise<T>,
): Promise<T | undefined> {
  const handle = await undefinedIfMissing(open(path, WITHOUT_WAITING))
  if (!handle) return undefined
  try {
    const stats = await handle.stat()
    return stats.isFile() ? await work(handle, stats.size) : undefined
  } finally {
    await handle.close()
  }
}

/** Waits for what looks for a file; undefined if there is none. */
export async function undefinedIfMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined
    throw error
  }
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
