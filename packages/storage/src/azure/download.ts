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
  const contents = await received(reply.readableStreamBody, abortSignal)
  const isWhole = contents.length === (reply.contentLength ?? 0)
  const isSound = !reply.contentMD5 || md5Of(contents).equals(reply.contentMD5)
  if (isWhole && isSound) return { contents, version: reply.etag as Version }
  throw lostOnTheWay('the blob arrived damaged')
}

/** The SDK reports a connection that was cut as if the caller had given up. */
async function received(
  body: NodeJS.ReadableStream | undefined,
  abortSignal: AbortSignal,
): Promise<Buffer> {
  try {
    return body ? await buffer(body) : Buffer.alloc(0)
  } catch {
    abortSignal.throwIfAborted()
    throw lostOnTheWay('the connection was cut while the blob was read')
  }
}

/** With a code as of a network that failed, so that the blob is fetched again. */
function lostOnTheWay(message: string): Error {
  return Object.assign(new Error(message), { code: 'LOST_ON_THE_WAY' })
}
