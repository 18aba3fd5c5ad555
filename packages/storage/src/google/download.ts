import type { Readable } from 'node:stream'
import { type BoundedObject, readBounded, requireSize } from '../size.ts'
import { ApiFailure } from './api-failure.ts'
import { checksumOf } from './checksum.ts'
import type { StorageClient } from './client.ts'

/** What the client tells of an answer before its bytes come. */
interface Response extends Readable {
  statusCode: number
  headers: Headers
}

type Headers = Record<string, string | undefined>

/**
 * The bytes as they are kept, checked against the checksum that the store has of them, and their generation. Throws
 * `blob_too_large`, of which no more is read than shows it.
 */
export async function downloadObject(
  client: StorageClient,
  object: BoundedObject,
  signal: AbortSignal,
): Promise<{ contents: Buffer; generation: string }> {
  const receive = async () => {
    const file = client.file(object.bucket, object.name)
    const body = file.createReadStream({ validation: false, decompress: false })
    let headers: Headers = {}
    body.once('response', (response: Response) => {
      headers = response.headers
      response.setMaxListeners(0) // the client itself has so many that Node warns of a leak
      if (response.statusCode < 300) endIfTooLarge(body, headers, object)
    })
    const contents = await readBounded(body, object)
    return { contents, headers }
  }
  const { contents, headers } = await client.send(signal, receive, object.maxBytes)
  const expected = /crc32c=([^,\s]+)/.exec(headers['x-goog-hash'] ?? '')?.[1]
  if (expected === checksumOf(contents)) {
    return { contents, generation: headers['x-goog-generation'] ?? '' }
  }
  throw new ApiFailure('the object did not arrive as it is kept')
}

/** By what is declared of it, before it begins; but not before the client has gone on with it, which it would not survive. */
function endIfTooLarge(body: Readable, headers: Headers, object: BoundedObject): void {
  try {
    requireSize(Number(headers['content-length'] ?? 0), object)
  } catch (error) {
    process.nextTick(() => body.destroy(error as Error))
  }
}
