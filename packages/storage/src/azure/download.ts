import { buffer } from 'node:stream/consumers'
import type { BlockBlobClient } from '@azure/storage-blob'
import type { Version } from '../blobstore.ts'
import { md5Of } from './md5.ts'

/** Reads a blob whole, and makes sure that nothing of it was lost or changed on the way. */
export async function download(
  blob: BlockBlobClient,
  abortSignal: AbortSignal,
): Promise<{ contents: Buffer; version: Version }> {
  // The caller repeats the whole call; the SDK would go on in the middle, with waits of its own.
  const reply = await blob.download(0, undefined, { abortSignal, maxRetryRequests: 0 })
  const contents = reply.readableStreamBody ? await buffer(reply.readableStreamBody) : Buffer.alloc(0)
  const isWhole = contents.length === (reply.contentLength ?? 0)
  const isSound = !reply.contentMD5 || md5Of(contents).equals(reply.contentMD5)
  if (isWhole && isSound) return { contents, version: reply.etag as Version }
  throw Object.assign(new Error('the blob arrived damaged'), { code: 'DAMAGED_ON_THE_WAY' })
}
