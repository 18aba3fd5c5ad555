import { randomUUID } from 'node:crypto'
import { crc32c } from '@node-rs/crc32'
import { z } from 'zod'
import { cacheControl, type PutOptions } from '../blobstore.ts'
import { ApiFailure } from './api-failure.ts'
import type { ApiReply, JsonApi } from './json-api.ts'

/** What is looked at of an object's resource. */
export interface GoogleObject {
  generation: string
  crc32c: string
  /** Of our own uploads: says which one it was. */
  upload: string | undefined
}

/** An upload, however often it is sent. */
export interface Upload {
  id: string
  bucket: string
  name: string
  checksum: string
  contentType: string
  body: Buffer
}

/** CRC32C as Cloud Storage writes it: https://cloud.google.com/storage/docs/data-validation */
function checksumOf(contents: Uint8Array): string {
  const four = Buffer.alloc(4)
  four.writeUInt32BE(crc32c(contents))
  return four.toString('base64')
}

/**
 * Object and bytes in one request, so that there is never a part of an object. The checksum goes ahead of the bytes: what
 * arrives damaged is refused, and seen by nobody.
 */
export function prepareUpload(
  bucket: string,
  name: string,
  contents: Uint8Array,
  { contentType, cacheable }: PutOptions,
): Upload {
  const id = randomUUID()
  const checksum = checksumOf(contents)
  const resource = {
    contentType,
    cacheControl: cacheControl(cacheable),
    crc32c: checksum,
    metadata: { upload: id },
  }
  const body = Buffer.concat([
    Buffer.from(`--${id}\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(resource)}`),
    Buffer.from(`\r\n--${id}\r\nContent-Type: ${contentType}\r\n\r\n`),
    contents,
    Buffer.from(`\r\n--${id}--\r\n`),
  ])
  return { id, bucket, name, checksum, contentType: `multipart/related; boundary=${id}`, body }
}

const FIELDS = 'generation,crc32c,metadata'

/** Only if the object is of that generation, 0 for none. Without it, whatever there is. */
export interface Condition {
  ifGenerationMatch?: string
}

export async function sendUpload(
  api: JsonApi,
  { bucket, name, contentType, body, checksum }: Upload,
  condition: Condition,
  signal: AbortSignal,
): Promise<GoogleObject> {
  const path = `/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`
  const query = { uploadType: 'multipart', name, fields: FIELDS, ...condition }
  const headers = { 'content-type': contentType }
  const reply = await api({ method: 'POST', path, query, headers, body }, signal)
  const object = objectOf(reply)
  if (object.crc32c !== checksum) throw new ApiFailure('the object arrived damaged')
  return object
}

export async function findObject(
  api: JsonApi,
  bucket: string,
  name: string,
  signal: AbortSignal,
): Promise<GoogleObject> {
  const query = { fields: FIELDS }
  return objectOf(await api({ method: 'GET', path: pathOf(bucket, name), query }, signal))
}

/** The bytes, checked against the checksum that the store keeps of them, and their generation. */
export async function downloadObject(
  api: JsonApi,
  bucket: string,
  name: string,
  signal: AbortSignal,
): Promise<{ contents: Buffer; generation: string }> {
  const query = { alt: 'media' }
  const { headers, body } = await api({ method: 'GET', path: pathOf(bucket, name), query }, signal)
  const expected = /crc32c=([^,\s]+)/.exec(headers.get('x-goog-hash') ?? '')?.[1]
  if (expected !== checksumOf(body)) throw new ApiFailure('the object did not arrive as it is kept')
  return { contents: body, generation: headers.get('x-goog-generation') ?? '' }
}

export async function deleteObject(
  api: JsonApi,
  bucket: string,
  name: string,
  { generation }: GoogleObject,
  signal: AbortSignal,
): Promise<void> {
  const query = { ifGenerationMatch: generation }
  await api({ method: 'DELETE', path: pathOf(bucket, name), query }, signal)
}

/** Fails with status 404 if there is no such bucket. */
export async function listOne(api: JsonApi, bucket: string, signal: AbortSignal): Promise<void> {
  const path = `/storage/v1/b/${encodeURIComponent(bucket)}/o`
  await api({ method: 'GET', path, query: { maxResults: '1', fields: 'kind' } }, signal)
}

function pathOf(bucket: string, name: string): string {
  return `/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}`
}

const RESOURCE = z.object({
  generation: z.string().regex(/^\d{1,19}$/),
  crc32c: z.string(),
  metadata: z.object({ upload: z.string().optional() }).optional(),
})

function objectOf({ body }: ApiReply): GoogleObject {
  const resource = RESOURCE.safeParse(parsed(body))
  if (!resource.success) throw new ApiFailure('the answer describes no object')
  const { generation, crc32c, metadata } = resource.data
  return { generation, crc32c, upload: metadata?.upload }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
