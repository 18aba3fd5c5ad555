import type { Readable } from 'node:stream'
import type { BlockBlobClient } from '@azure/storage-blob'
import { isAppError } from '@ens/errors'
import type { Version } from '../blobstore.ts'
import { type BoundedObject, readBounded, requireSize } from '../size.ts'
import { md5Of } from './md5.ts'

/**
 * Reads a blob whole, and makes sure that nothing of it was lost or changed on the way. Throws `blob_too_large`, and ends
 * the connection of an answer that it does not read to its end.
 */
export async function download(
  blob: BlockBlobClient,
  object: BoundedObject,
  signal: AbortSignal,
): Promise<{ contents: Buffer; version: Version }> {
  const unread = new AbortController()
  try {
    return await read(blob, object, AbortSignal.any([signal, unread.signal]))
  } catch (error) {
    unread.abort()
    throw error
  }
}

async function read(blob: BlockBlobClient, object: BoundedObject, abortSignal: AbortSignal) {
  // The caller repeats the whole call; the SDK would go on in the middle, with waits of its own.
  const reply = await blob.download(0, undefined, { abortSignal, maxRetryRequests: 0 })
  const body = reply.readableStreamBody as Readable | undefined
  const contents = await received(body, reply.contentLength, object, abortSignal)
  const isWhole = contents.length === (reply.contentLength ?? 0)
  const isSound = !reply.contentMD5 || md5Of(contents).equals(reply.contentMD5)
  if (isWhole && isSound) return { contents, version: reply.etag as Version }
  throw lostOnTheWay('the blob arrived damaged')
}

/** The SDK reports a connection that was cut as if the caller had given up. */
async function received(
  body: Readable | undefined,
  sizeBytes: number | undefined,
  object: BoundedObject,
  abortSignal: AbortSignal,
): Promise<Buffer> {
  try {
    requireSize(sizeBytes, object)
    return body ? await readBounded(body, object) : Buffer.alloc(0)
  } catch (error) {
    body?.destroy() // an abort would make it fail, with nobody to hear
    if (isAppError(error)) throw error
    abortSignal.throwIfAborted()
    throw lostOnTheWay('the connection was cut while the blob was read')
  }
}

/** With a code as of a network that failed, so that the blob is fetched again. */
function lostOnTheWay(message: string): Error {
  return Object.assign(new Error(message), { code: 'LOST_ON_THE_WAY' })
}
