import { createHash } from 'node:crypto'
import { crc32cInBase64 } from './checksum.ts'
import { type Answer, failure } from './http-answers.ts'

/** What a client may say of an object that it uploads. */
export interface ObjectMetadata {
  contentType?: string
  cacheControl?: string
  metadata?: Record<string, string>
  md5Hash?: string
  crc32c?: string
}

export interface StoredGoogleObject extends ObjectMetadata {
  bucket: string
  name: string
  contents: Buffer
  generation: bigint
  md5Hash: string
  crc32c: string
}

/** Generations are microseconds that only grow, as those of Cloud Storage are. */
let newestGeneration = 1_700_000_000_000_000n

/** Objects by name, oldest first. */
export type Bucket = Map<string, StoredGoogleObject>

export interface Upload {
  bucket: string
  name: string
  contents: Buffer
  /** What the client says of it. */
  resource: ObjectMetadata
}

/** Stores an object, unless it came damaged: the checksums that a client sends along are checked before anything is visible. */
export function store(bucket: Bucket, upload: Upload): StoredGoogleObject | Answer {
  const { resource, ...object } = upload
  const { contents } = object
  const md5Hash = createHash('md5').update(contents).digest('base64')
  const crc32c = crc32cInBase64(contents)
  if (resource.crc32c !== undefined && resource.crc32c !== crc32c) return mismatch('CRC32C')
  if (resource.md5Hash !== undefined && resource.md5Hash !== md5Hash) return mismatch('MD5 hash')
  const stored = { ...resource, ...object, md5Hash, crc32c, generation: ++newestGeneration }
  bucket.set(object.name, stored)
  return stored
}

function mismatch(what: string): Answer {
  return failure(400, 'invalid', `Provided ${what} doesn't match calculated ${what}.`)
}

/** The preconditions of a request: https://cloud.google.com/storage/docs/request-preconditions */
export function violated(query: URLSearchParams, current: StoredGoogleObject | undefined) {
  const generation = current?.generation ?? 0n
  const match = query.get('ifGenerationMatch')
  const noMatch = query.get('ifGenerationNotMatch')
  if (match !== null && BigInt(match) !== generation) return conditionNotMet()
  if (noMatch !== null && BigInt(noMatch) === generation) return conditionNotMet()
  return undefined
}

function conditionNotMet(): Answer {
  const message = 'At least one of the pre-conditions you specified did not hold.'
  return failure(412, 'conditionNotMet', message)
}

/** The resource of an object: https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
export function resourceOf(object: StoredGoogleObject): object {
  const { bucket, name, generation, contents, md5Hash, crc32c } = object
  const at = new Date(Number(generation / 1000n)).toISOString()
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    name,
    bucket,
    generation: String(generation),
    metageneration: '1',
    contentType: object.contentType,
    cacheControl: object.cacheControl,
    metadata: object.metadata,
    storageClass: 'STANDARD',
    size: String(contents.length),
    md5Hash,
    crc32c,
    etag: etagOf(object),
    timeCreated: at,
    updated: at,
  }
}

export function mediaOf(object: StoredGoogleObject, contents: Buffer): Answer {
  const { generation, md5Hash, crc32c } = object
  const headers = {
    'content-type': object.contentType ?? 'application/octet-stream',
    'content-length': String(contents.length),
    'cache-control': object.cacheControl ?? 'public, max-age=3600',
    etag: etagOf(object),
    'x-goog-generation': String(generation),
    'x-goog-metageneration': '1',
    'x-goog-stored-content-encoding': 'identity',
    'x-goog-stored-content-length': String(object.contents.length),
    'x-goog-hash': `crc32c=${crc32c},md5=${md5Hash}`,
    'x-goog-storage-class': 'STANDARD',
  }
  return { status: 200, headers, body: contents }
}

function etagOf({ generation }: StoredGoogleObject): string {
  return Buffer.from(String(generation)).toString('base64')
}
