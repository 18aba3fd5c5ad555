import { archiveUnreadable } from './errors.ts'
import { DIRECTORY_HEADER, END_OF_DIRECTORY } from './zip-format.ts'

/** What the directory of a zip says about one entry; none of it is to be trusted. */
export interface DirectoryEntry {
  name: string
  flags: number
  method: number
  checksum: number
  compressedSize: number
  size: number
  /** Where in the archive its local header is. */
  headerAt: number
}

/** The directory at the end of a zip. `checkCount` may refuse, by throwing, before its entries are read. */
export function readDirectory(zip: Buffer, checkCount: (count: number) => void): DirectoryEntry[] {
  const end = findEnd(zip)
  const count = zip.readUInt16LE(end + 10)
  checkCount(count)
  const start = end - zip.readUInt32LE(end + 12)
  // Offsets count from where the zip begins, which need not be the first byte.
  const origin = start - zip.readUInt32LE(end + 16)
  if (origin < 0) throw archiveUnreadable('the directory of the zip is cut')
  return readEntries(zip.subarray(start, end), count, origin)
}

/** The last record of a zip may be followed by a comment, so it is searched for from the back. */
function findEnd(zip: Buffer): number {
  const last = zip.length - END_OF_DIRECTORY.length
  const first = Math.max(0, last - 0xffff)
  for (let at = last; at >= first; at--) {
    if (zip.readUInt32LE(at) === END_OF_DIRECTORY.signature && hasRoomForComment(zip, at)) return at
  }
  throw archiveUnreadable('not a zip')
}

function hasRoomForComment(zip: Buffer, end: number): boolean {
  return end + END_OF_DIRECTORY.length + zip.readUInt16LE(end + 20) <= zip.length
}

function readEntries(directory: Buffer, count: number, origin: number): DirectoryEntry[] {
  const entries: DirectoryEntry[] = []
  let at = 0
  while (entries.length < count) {
    entries.push(readEntry(directory, at, origin))
    at += entryLength(directory, at)
  }
  return entries
}

function readEntry(directory: Buffer, at: number, origin: number): DirectoryEntry {
  const isEntry =
    at + DIRECTORY_HEADER.length <= directory.length &&
    directory.readUInt32LE(at) === DIRECTORY_HEADER.signature &&
    at + entryLength(directory, at) <= directory.length
  if (!isEntry) throw archiveUnreadable('the directory of the zip is damaged')
  const nameAt = at + DIRECTORY_HEADER.length
  return {
    name: directory.toString('latin1', nameAt, nameAt + directory.readUInt16LE(at + 28)),
    flags: directory.readUInt16LE(at + 8),
    method: directory.readUInt16LE(at + 10),
    checksum: directory.readUInt32LE(at + 16),
    compressedSize: directory.readUInt32LE(at + 20),
    size: directory.readUInt32LE(at + 24),
    headerAt: origin + directory.readUInt32LE(at + 42),
  }
}

/** Header, name, extra fields and comment. */
function entryLength(directory: Buffer, at: number): number {
  const name = directory.readUInt16LE(at + 28)
  const extra = directory.readUInt16LE(at + 30)
  const comment = directory.readUInt16LE(at + 32)
  return DIRECTORY_HEADER.length + name + extra + comment
}
