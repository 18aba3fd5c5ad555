import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { cacheControl, type PutOptions } from '../blobstore.ts'
import { ApiFailure } from './api-failure.ts'
import { checksumOf } from './checksum.ts'
import type { StorageClient } from './client.ts'

/** What is looked at of an object's resource. */
export interface GoogleObject {
  generation: string
  crc32c: string
  /** Of our own uploads: says which one it was. */
  upload: string | undefined
}

/** An upload, however often it is sent. */
export interface Upload {
  bucket: string
  name: string
  contents: Uint8Array
  metadata: {
    contentType: string
    cacheControl: string
    crc32c: string
    metadata: { upload: string }
  }
}

export function prepareUpload(
  bucket: string,
  name: string,
  contents: Uint8Array,
  { contentType, cacheable }: PutOptions,
): Upload {
  const metadata = {
    contentType,
    cacheControl: cacheControl(cacheable),
    crc32c: checksumOf(contents),
    metadata: { upload: randomUUID() },
  }
  return { bucket, name, contents, metadata }
}

/**
 * Object and bytes in one request, so that there is never a part of an object, and only if the object is of that generation, 0
 * for none. The checksum goes ahead of the bytes: what arrives damaged is refused, and seen by nobody. The client's own
 * validation would look at what was seen already, and delete what is there by then.
 */
export async function sendUpload(
  client: StorageClient,
  { bucket, name, contents, metadata }: Upload,
  ifGenerationMatch: string,
  signal: AbortSignal,
): Promise<GoogleObject> {
  const object = await client.send(signal, async () => {
    const file = client.file(bucket, name)
    const preconditionOpts = { ifGenerationMatch }
    const options = { resumable: false, validation: false, preconditionOpts } as const
    await file.save(contents, { ...options, metadata })
    return objectOf(file.metadata)
  })
  if (object.crc32c !== metadata.crc32c) throw new ApiFailure('the object arrived damaged')
  return object
}

export function findObject(
  client: StorageClient,
  bucket: string,
  name: string,
  signal: AbortSignal,
): Promise<GoogleObject> {
  return client.send(signal, async () => {
    const [resource] = await client.file(bucket, name).getMetadata()
    return objectOf(resource)
  })
}

export function deleteObject(
  client: StorageClient,
  bucket: string,
  name: string,
  { generation }: GoogleObject,
  signal: AbortSignal,
): Promise<void> {
  return client.send(signal, async () => {
    await client.file(bucket, name).delete({ ifGenerationMatch: generation })
  })
}

/** Fails with status 404 if there is no such bucket. */
export function listOne(client: StorageClient, bucket: string, signal: AbortSignal): Promise<void> {
  return client.send(signal, async () => {
    await client.storage.bucket(bucket).getFiles({ maxResults: 1, autoPaginate: false })
  })
}

const RESOURCE = z.object({
  generation: z.string().regex(/^\d{1,19}$/),
  crc32c: z.string(),
  metadata: z.object({ upload: z.string().optional() }).optional(),
})

function objectOf(answer: unknown): GoogleObject {
  const resource = RESOURCE.safeParse(answer)
  if (!resource.success) throw new ApiFailure('the answer describes no object')
  const { generation, crc32c, metadata } = resource.data
  return { generation, crc32c, upload: metadata?.upload }
}
