import { promisify } from 'node:util'
import { crc32, createInflateRaw, inflateRaw } from 'node:zlib'
import { archiveTooLarge, archiveUnreadable } from './errors.ts'
import { type DirectoryEntry, readDirectory } from './zip-directory.ts'
import { BIN_NAME, DEFLATED, ENCRYPTED, LOCAL_HEADER, SIG_NAME, STORED } from './zip-format.ts'

const MIB = 1024 * 1024

/** How much an archive may cost its reader. */
export interface ArchiveLimits {
  archiveBytes: number
  exportBinBytes: number
  exportSigBytes: number
  entries: number
}

/** Room for 1.9 million keys; a file of the default size has half a million. */
export const ARCHIVE_LIMITS: ArchiveLimits = {
  archiveBytes: 64 * MIB,
  exportBinBytes: 64 * MIB,
  exportSigBytes: MIB,
  entries: 100,
}

/** An archive whose directory was read. Both throw `export_archive_unreadable` or `export_archive_too_large`. */
export interface OpenedArchive {
  /** The pieces of export.bin, of which none is to be believed before the last has come. */
  exportBin(): AsyncIterable<Buffer>
  exportSig(): Promise<Buffer>
}

/**
 * The two entries of an archive, whoever made it: deflated or stored, in any order, among others, but each exactly
 * once and with its checksum right. No more is unpacked than the limits allow, whatever sizes the zip claims.
 * Throws `export_archive_unreadable` or `export_archive_too_large`.
 */
export async function readArchive(
  archive: Uint8Array,
  limits?: Partial<ArchiveLimits>,
): Promise<{ exportBin: Buffer; exportSig: Buffer }> {
  const { zip, bin, sig, most } = findEntries(archive, limits)
  return {
    exportBin: await unpack(zip, bin, most.exportBinBytes),
    exportSig: await unpack(zip, sig, most.exportSigBytes),
  }
}

/** As `readArchive`, for those who need not have the whole export.bin in memory. */
export function openArchive(archive: Uint8Array, limits?: Partial<ArchiveLimits>): OpenedArchive {
  const { zip, bin, sig, most } = findEntries(archive, limits)
  return {
    exportBin: () => unpackInPieces(zip, bin, most.exportBinBytes),
    exportSig: () => unpack(zip, sig, most.exportSigBytes),
  }
}

function findEntries(archive: Uint8Array, limits: Partial<ArchiveLimits> = {}) {
  const most = { ...ARCHIVE_LIMITS, ...limits }
  refuseAbove(most.archiveBytes, archive.length, 'bytes in the archive')
  const zip = Buffer.from(archive.buffer, archive.byteOffset, archive.length)
  const directory = readDirectory(zip, (count) =>
    refuseAbove(most.entries, count, 'entries in the archive'),
  )
  return { zip, bin: only(directory, BIN_NAME), sig: only(directory, SIG_NAME), most }
}

function refuseAbove(most: number, actual: number, what: string): void {
  if (actual > most) throw archiveTooLarge(`${actual} ${what}; the limit is ${most}`)
}

/** Two entries of one name would let two readers see two different files. */
function only(directory: readonly DirectoryEntry[], name: string): DirectoryEntry {
  const [entry, ...others] = directory.filter((candidate) => candidate.name === name)
  if (!entry) throw archiveUnreadable(`the archive holds no ${name}`)
  if (others.length > 0) throw archiveUnreadable(`the archive holds ${name} more than once`)
  return entry
}

async function unpack(zip: Buffer, entry: DirectoryEntry, mostBytes: number): Promise<Buffer> {
  refuseAbove(mostBytes, entry.size, `bytes in ${entry.name}`)
  const contents = await decompress(rawContents(zip, entry), entry)
  requireAsNamed(entry, contents.length, crc32(contents))
  return contents
}

async function* unpackInPieces(
  zip: Buffer,
  entry: DirectoryEntry,
  mostBytes: number,
): AsyncGenerator<Buffer> {
  refuseAbove(mostBytes, entry.size, `bytes in ${entry.name}`)
  let size = 0
  let checksum = 0
  for await (const piece of decompressInPieces(rawContents(zip, entry), entry)) {
    size += piece.length
    if (size > entry.size) break // what inflates to more than it says is a trap
    checksum = crc32(piece, checksum)
    yield piece
  }
  requireAsNamed(entry, size, checksum)
}

function requireAsNamed(entry: DirectoryEntry, size: number, checksum: number): void {
  if (size === entry.size && checksum === entry.checksum) return
  throw archiveUnreadable(`${entry.name} does not have the size and checksum that the zip names`)
}

function rawContents(zip: Buffer, entry: DirectoryEntry): Buffer {
  const { headerAt, name } = entry
  if (headerAt + LOCAL_HEADER.length > zip.length) throw archiveUnreadable(`${name} is cut`)
  if (zip.readUInt32LE(headerAt) !== LOCAL_HEADER.signature)
    throw archiveUnreadable(`${name} is not where the directory of the zip says`)
  const names = zip.readUInt16LE(headerAt + 26) + zip.readUInt16LE(headerAt + 28)
  const start = headerAt + LOCAL_HEADER.length + names
  const end = start + entry.compressedSize
  if (end > zip.length) throw archiveUnreadable(`${name} is cut`)
  return zip.subarray(start, end)
}

const inflate = promisify(inflateRaw)

/** Unpacks at most the bytes the directory names: what inflates to more is a trap. */
async function decompress(raw: Buffer, entry: DirectoryEntry): Promise<Buffer> {
  if (!isDeflated(entry)) return raw
  const size = Math.max(64, entry.size)
  try {
    // In one piece: many small ones would have to be put together, and take twice the memory.
    return await inflate(raw, { maxOutputLength: Math.max(1, entry.size), chunkSize: size })
  } catch (cause) {
    throw notInflatable(entry, cause)
  }
}

async function* decompressInPieces(raw: Buffer, entry: DirectoryEntry): AsyncGenerator<Buffer> {
  if (!isDeflated(entry)) return yield raw
  const inflating = createInflateRaw({ chunkSize: PIECE_BYTES })
  inflating.end(raw)
  try {
    yield* inflating
  } catch (cause) {
    throw notInflatable(entry, cause)
  }
}

const PIECE_BYTES = 64 * 1024

/** Throws if it is neither deflated nor stored. */
function isDeflated({ name, flags, method }: DirectoryEntry): boolean {
  if (flags & ENCRYPTED) throw archiveUnreadable(`${name} is encrypted`)
  if (method === DEFLATED) return true
  if (method === STORED) return false
  throw archiveUnreadable(`${name} is compressed by method ${method}`)
}

function notInflatable({ name }: DirectoryEntry, cause: unknown): Error {
  return archiveUnreadable(`${name} does not inflate to the size that the zip names`, { cause })
}
