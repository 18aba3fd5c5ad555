import { type Blobstore, cacheControl, type PutOptions } from './blobstore.ts'
import { digestOf, versionOf } from './digest.ts'
import { bucketNotFound, objectChanged, objectExists, objectNotFound } from './errors.ts'
import { guarded } from './guarded.ts'
import { requireSize } from './size.ts'

export interface StoredObject {
  contents: Uint8Array
  contentType: string
  cacheControl: string
}

export interface MemoryBlobstore extends Blobstore {
  /** What a device that downloads the object sees, headers and all. */
  find(bucket: string, name: string): StoredObject | undefined
  /** The names in a bucket, sorted. */
  names(bucket: string): string[]
}

export interface MemoryBlobstoreOptions {
  /** The buckets there are; without it, every bucket is. */
  buckets?: string[]
  /** Awaited at the start of every operation: throw to make it fail, never settle to make it hang. */
  before?: (
    operation: 'create' | 'put' | 'get' | 'delete',
    bucket: string,
    name: string,
  ) => Promise<void> | void
}

/** Objects that end with the process: for tests. */
export function memoryBlobstore(options: MemoryBlobstoreOptions = {}): MemoryBlobstore {
  const { buckets, before } = options
  const objects = new Map<string, StoredObject>()

  const begin = async (
    operation: 'create' | 'put' | 'get' | 'delete',
    bucket: string,
    name: string,
  ) => {
    await before?.(operation, bucket, name)
    if (buckets && !buckets.includes(bucket)) throw bucketNotFound(`there is no bucket ${bucket}`)
    return JSON.stringify([bucket, name])
  }

  const store = guarded({
    capabilities: { store: true, conditionalPut: true, headers: true },

    async create(bucket, name, contents, put) {
      const key = await begin('create', bucket, name)
      if (objects.has(key)) throw objectExists(`object ${name} is in ${bucket} already`)
      objects.set(key, stored(contents, put))
      return { digest: digestOf(contents) }
    },

    async put(bucket, name, contents, { onlyIf, ...put }) {
      const key = await begin('put', bucket, name)
      const current = objects.get(key)
      if (onlyIf !== undefined && (!current || versionOf(current.contents) !== onlyIf)) {
        throw objectChanged(`object ${name} in ${bucket} was changed meanwhile`)
      }
      objects.set(key, stored(contents, put))
      return versionOf(contents)
    },

    async get(bucket, name, { maxBytes }) {
      const object = objects.get(await begin('get', bucket, name))
      if (!object) throw objectNotFound(`no object ${name} in ${bucket}`)
      requireSize(object.contents.length, { bucket, name, maxBytes })
      return { contents: object.contents.slice(), version: versionOf(object.contents) }
    },

    async delete(bucket, name) {
      objects.delete(await begin('delete', bucket, name))
    },
  })

  return Object.assign(store, {
    find: (bucket: string, name: string) => objects.get(JSON.stringify([bucket, name])),
    names: (bucket: string) => namesIn(bucket, objects.keys()),
  })
}

function stored(contents: Uint8Array, { contentType, cacheable }: PutOptions): StoredObject {
  return { contents: Buffer.from(contents), contentType, cacheControl: cacheControl(cacheable) }
}

function namesIn(bucket: string, keys: Iterable<string>): string[] {
  const objects = [...keys].map((key): [string, string] => JSON.parse(key))
  return objects.flatMap(([of, name]) => (of === bucket ? [name] : [])).sort()
}
