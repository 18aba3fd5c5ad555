import type { Blobstore, CallOptions, PutOptions } from '../blobstore.ts'

export interface BlobstoreUnderTest {
  blobstore: Blobstore
  /** An empty bucket, and the name of one that does not exist. */
  bucket: string
  missingBucket: string
  /** For a store with headers: what a device that downloads the object is told. */
  headersOf?: (name: string) => Promise<{ contentType: string; cacheControl: string }>
}

export const call: CallOptions = { signal: new AbortController().signal }
export const ZIP: PutOptions = { ...call, contentType: 'application/zip', cacheable: true }
export const INDEX: PutOptions = { ...call, contentType: 'text/plain', cacheable: false }
export const OLD = Buffer.from('old')
export const NEW = Buffer.from('new')

export const MISSING = { code: 'object_not_found', kind: 'not-found' }

export async function contentsOf({ blobstore, bucket }: BlobstoreUnderTest, name: string) {
  return Buffer.from((await blobstore.get(bucket, name, call)).contents)
}

/** Every operation, on one object. */
export function operationsOn(store: Blobstore, bucket: string, name: string) {
  return [
    (options: CallOptions) => store.create(bucket, name, NEW, { ...ZIP, ...options }),
    (options: CallOptions) => store.put(bucket, name, NEW, { ...INDEX, ...options }),
    (options: CallOptions) => store.get(bucket, name, options),
    (options: CallOptions) => store.delete(bucket, name, options),
  ] satisfies ((options: CallOptions) => Promise<unknown>)[]
}
