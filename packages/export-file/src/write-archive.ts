import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32, createDeflateRaw } from 'node:zlib'
import { type GrowingBuffer, growingBuffer } from './growing-buffer.ts'
import {
  BIN_NAME,
  DATA_DESCRIPTOR,
  DEFLATED,
  DIRECTORY_HEADER,
  END_OF_DIRECTORY,
  LOCAL_HEADER,
  SIG_NAME,
  SIZES_FOLLOW,
  VERSION,
} from './zip-format.ts'

/** An export.bin: whole, or piece by piece as an encoder makes it. */
export type ExportBin = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** An export.sig: whole, or made when the whole export.bin has gone by and its digest is known. */
export type ExportSig = Uint8Array | (() => Promise<Uint8Array>)

export interface WriteOptions {
  /** How large the archive will become, at a guess; a good one saves memory. */
  expectedBytes?: number
}

const USUAL_BYTES = 64 * 1024

interface Entry {
  name: string
  /** Where its local header is. */
  offset: number
  checksum: number
  size: number
  compressedSize: number
}

/**
 * The zip for phones: export.bin and export.sig, deflated, in this order, laid out as the reference server does
 * it (phones have only ever read that). No date, no attributes, nothing that tells of time or machine.
 * Pieces of export.bin are taken only as fast as they are compressed.
 */
export async function writeArchive(
  exportBin: ExportBin,
  exportSig: ExportSig,
  { expectedBytes = USUAL_BYTES }: WriteOptions = {},
): Promise<Buffer> {
  const zip = growingBuffer(expectedBytes)
  const bin = await writeEntry(zip, BIN_NAME, exportBin)
  const sig = await writeEntry(zip, SIG_NAME, await settle(exportSig))
  writeDirectory(zip, [bin, sig])
  return zip.contents()
}

function settle(exportSig: ExportSig): Uint8Array | Promise<Uint8Array> {
  return typeof exportSig === 'function' ? exportSig() : exportSig
}

async function writeEntry(zip: GrowingBuffer, name: string, contents: ExportBin): Promise<Entry> {
  const entry: Entry = { name, offset: zip.length, checksum: 0, size: 0, compressedSize: 0 }
  zip.append(localHeader(name))
  await pipeline(
    Readable.from(contents instanceof Uint8Array ? [contents] : contents),
    tap((piece) => {
      entry.checksum = crc32(piece, entry.checksum)
      entry.size += piece.length
    }),
    createDeflateRaw(DEFLATE),
    async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) {
        zip.append(piece)
        entry.compressedSize += piece.length
      }
    },
  )
  zip.append(dataDescriptor(entry))
  return entry
}

/** Higher levels take up to seven times as long for 0.01 of 18 bytes per key: keys are random, the rest is found at once. */
const DEFLATE = { level: 6, memLevel: 9, chunkSize: 64 * 1024 }

/** Lets pieces through and shows each to `look`. */
function tap(look: (piece: Uint8Array) => void): Transform {
  return new Transform({
    writableObjectMode: true,
    transform(piece: Uint8Array, _encoding, done) {
      look(piece)
      done(null, piece)
    },
  })
}

function writeDirectory(zip: GrowingBuffer, entries: readonly Entry[]): void {
  const offset = zip.length
  for (const entry of entries) zip.append(directoryHeader(entry))
  zip.append(endOfDirectory({ offset, length: zip.length - offset, entries: entries.length }))
}

/** Size and checksum are zero here, because they follow the contents. */
function localHeader(name: string): Buffer {
  const header = Buffer.alloc(LOCAL_HEADER.length)
  header.writeUInt32LE(LOCAL_HEADER.signature, 0)
  header.writeUInt16LE(VERSION, 4)
  header.writeUInt16LE(SIZES_FOLLOW, 6)
  header.writeUInt16LE(DEFLATED, 8)
  header.writeUInt16LE(name.length, 26)
  return Buffer.concat([header, Buffer.from(name, 'latin1')])
}

function dataDescriptor({ checksum, size, compressedSize }: Entry): Buffer {
  const descriptor = Buffer.alloc(DATA_DESCRIPTOR.length)
  descriptor.writeUInt32LE(DATA_DESCRIPTOR.signature, 0)
  descriptor.writeUInt32LE(checksum, 4)
  descriptor.writeUInt32LE(compressedSize, 8)
  descriptor.writeUInt32LE(size, 12)
  return descriptor
}

function directoryHeader({ name, offset, checksum, size, compressedSize }: Entry): Buffer {
  const header = Buffer.alloc(DIRECTORY_HEADER.length)
  header.writeUInt32LE(DIRECTORY_HEADER.signature, 0)
  header.writeUInt16LE(VERSION, 4)
  header.writeUInt16LE(VERSION, 6)
  header.writeUInt16LE(SIZES_FOLLOW, 8)
  header.writeUInt16LE(DEFLATED, 10)
  header.writeUInt32LE(checksum, 16)
  header.writeUInt32LE(compressedSize, 20)
  header.writeUInt32LE(size, 24)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt32LE(offset, 42)
  return Buffer.concat([header, Buffer.from(name, 'latin1')])
}

function endOfDirectory(directory: { offset: number; length: number; entries: number }): Buffer {
  const end = Buffer.alloc(END_OF_DIRECTORY.length)
  end.writeUInt32LE(END_OF_DIRECTORY.signature, 0)
  end.writeUInt16LE(directory.entries, 8)
  end.writeUInt16LE(directory.entries, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(directory.offset, 16)
  return end
}
