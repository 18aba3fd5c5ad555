import { isAppError } from '@ens/errors'
import { type Blobstore, type GetOptions, MAX_BLOB_BYTES } from './blobstore.ts'
import { storageAccessDenied, storageUnavailable } from './errors.ts'
import { checkBucketName, checkObjectName } from './names.ts'
import { requireSize } from './size.ts'

/** What a provider writes: it is always told how much to read at most. */
export interface UnguardedBlobstore extends Omit<Blobstore, 'get'> {
  get(
    bucket: string,
    name: string,
    options: GetOptions & { maxBytes: number },
  ): ReturnType<Blobstore['get']>
}

/**
 * What every store owes its callers, written once: names are checked, an abort ends the wait though the store
 * hangs, and a foreign error becomes one with a code.
 */
export function guarded(store: UnguardedBlobstore): Blobstore {
  return {
    capabilities: store.capabilities,
    create: (bucket, name, contents, options) =>
      call(bucket, name, options, () => store.create(bucket, name, contents, options)),
    put: (bucket, name, contents, options) =>
      call(bucket, name, options, () => store.put(bucket, name, contents, options)),
    get: (bucket, name, options) =>
      call(bucket, name, options, async () => {
        const { maxBytes = MAX_BLOB_BYTES } = options
        const object = await store.get(bucket, name, { ...options, maxBytes })
        requireSize(object.contents.length, { bucket, name, maxBytes })
        return object
      }),
    delete: (bucket, name, options) =>
      call(bucket, name, options, () => store.delete(bucket, name, options)),
  }
}

async function call<T>(
  bucket: string,
  name: string,
  { signal }: { signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  checkBucketName(bucket)
  checkObjectName(name)
  try {
    return await untilAborted(signal, work)
  } catch (error) {
    throw translated(error, `object ${name} in ${bucket}`)
  }
}

async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw givenUp(signal)
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(givenUp(signal))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work(), aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function givenUp({ reason }: AbortSignal): Error {
  return storageUnavailable('the caller stopped waiting for the blob store', { cause: reason })
}

function translated(cause: unknown, what: string): unknown {
  if (isAppError(cause)) return cause
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return storageAccessDenied(`no permission for ${what}`, { cause })
  }
  return storageUnavailable(`the blob store failed with ${what}`, { cause })
}
