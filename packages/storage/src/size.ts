import { blobTooLarge } from './errors.ts'

/** An object that is read, and how much of it the reader takes. */
export interface BoundedObject {
  bucket: string
  name: string
  maxBytes: number
}

/** Throws `blob_too_large` for a size above the bound; one that is not known passes. */
export function requireSize(sizeBytes: number | undefined, object: BoundedObject): void {
  const { bucket, name, maxBytes } = object
  if (sizeBytes === undefined || sizeBytes <= maxBytes) return
  throw blobTooLarge(
    `object ${name} in ${bucket} is larger than the ${maxBytes} bytes that are read`,
  )
}

/**
 * All bytes of a body, whatever was declared of it. Throws `blob_too_large` as soon as they are too many, which ends a
 * stream of Node and its connection.
 */
export async function readBounded(
  body: AsyncIterable<Uint8Array>,
  object: BoundedObject,
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  for await (const piece of body) {
    sizeBytes += piece.length
    requireSize(sizeBytes, object)
    pieces.push(piece)
  }
  return Buffer.concat(pieces, sizeBytes)
}
