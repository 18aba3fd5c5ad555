import { createHash } from 'node:crypto'
import type { exportBatches } from '@ens/database'
import {
  type ExportEncoder,
  exportEncoder,
  fileEnd,
  signDigest,
  writeArchive,
} from '@ens/export-file'
import type { OpenSigner } from './deps.ts'
import type { FileShare, Page } from './group-exposures.ts'

export interface Archive {
  contents: Buffer
  /** SHA-256 of the archive. */
  digest: Buffer
  /** SHA-256 of its export.bin, which unlike a signature is the same whenever it is made of the same keys. */
  exportDigest: Buffer
  /** What it really holds. */
  share: FileShare
}

export interface ArchivePlan {
  batch: exportBatches.StoredBatch
  signers: readonly OpenSigner[]
  /** From 1. */
  number: number
  /** How many files the batch has. */
  count: number
  /** How many keys and revised keys it should hold. */
  records: number
}

/** More than archives take, which is 17.6 bytes for each key and little else. */
const BYTES_PER_RECORD = 20
const ROOM_BYTES = 16 * 1024

/** Encodes, compresses and signs one file while its keys are still being read. */
export async function buildArchive(
  { batch, signers, number, count, records }: ArchivePlan,
  pages: AsyncIterable<Page>,
  signal: AbortSignal,
): Promise<Archive> {
  const share = { keys: 0, revisedKeys: 0 }
  const encoder = exportEncoder({
    start: batch.keysFrom,
    end: fileEnd(batch.end, number, count),
    region: batch.outputRegion,
    signatureInfos: signers,
  })
  let exportDigest = Buffer.alloc(0)
  const sign = () => {
    exportDigest = Buffer.from(encoder.digest())
    return signDigest(exportDigest, signers, { signal })
  }
  const expectedBytes = ROOM_BYTES + records * BYTES_PER_RECORD
  const pieces = encode(encoder, pages, share, signal)
  const contents = await writeArchive(pieces, sign, { expectedBytes })
  return { contents, digest: sha256(contents), exportDigest, share }
}

async function* encode(
  encoder: ExportEncoder,
  pages: AsyncIterable<Page>,
  share: FileShare,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  yield encoder.begin()
  for await (const { list, keys } of pages) {
    signal.throwIfAborted()
    share[list] += keys.length
    yield encoder[list](keys)
  }
}

export function sha256(contents: Uint8Array): Buffer {
  return createHash('sha256').update(contents).digest()
}
