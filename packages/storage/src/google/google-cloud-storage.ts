import type { Blobstore, Version } from '../blobstore.ts'
import { digestOf } from '../digest.ts'
import {
  bucketNotFound,
  invalidBucketName,
  objectChanged,
  objectExists,
  objectNotFound,
  storageAccessDenied,
} from '../errors.ts'
import { guarded } from '../guarded.ts'
import { CredentialsFailure, hasStatus, isTransient } from './api-failure.ts'
import { type JsonApi, type JsonApiOptions, jsonApi } from './json-api.ts'
import {
  type Condition,
  deleteObject,
  downloadObject,
  findObject,
  type GoogleObject,
  listOne,
  prepareUpload,
  sendUpload,
  type Upload,
} from './objects.ts'
import { withRetries } from './retries.ts'

export const GOOGLE_CLOUD_STORAGE = 'https://storage.googleapis.com'

export interface GoogleCloudStorageOptions extends Partial<JsonApiOptions> {
  random?: () => number
}

/** https://cloud.google.com/storage/docs/buckets#naming */
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/

interface Store {
  api: JsonApi
  random: () => number
}

/**
 * Buckets of Google Cloud Storage. Every write but an unconditional `put` bears a condition on the object's generation, so that one
 * which is sent twice, or arrives late, does nothing the second time. Who may read is the bucket's business; no ACL is touched.
 */
export function googleCloudStorage(options: GoogleCloudStorageOptions = {}): Blobstore {
  const { endpoint = GOOGLE_CLOUD_STORAGE, random = Math.random, authClient } = options
  const store = { api: jsonApi({ endpoint, ...(authClient && { authClient }) }), random }
  return guarded({
    capabilities: { store: true, conditionalPut: true, headers: true },

    async create(bucket, name, contents, put) {
      const upload = prepareUpload(bucket, name, contents, put)
      const created = await write(store, upload, { ifGenerationMatch: '0' }, put.signal)
      if (!created) throw objectExists(`object ${name} is in ${bucket} already`)
      return { digest: digestOf(contents) }
    },

    async put(bucket, name, contents, { onlyIf, ...put }) {
      const upload = prepareUpload(bucket, name, contents, put)
      const condition = onlyIf === undefined ? {} : { ifGenerationMatch: generationOf(onlyIf) }
      const written = await write(store, upload, condition, put.signal)
      if (written) return versionOf(written, contents)
      throw objectChanged(`object ${name} in ${bucket} was replaced or deleted meanwhile`)
    },

    get: (bucket, name, { signal }) =>
      attempted(store, bucket, signal, async () => {
        try {
          const found = await downloadObject(store.api, bucket, name, signal)
          return { contents: found.contents, version: versionOf(found, found.contents) }
        } catch (error) {
          if (!hasStatus(error, 404)) throw error
          await requireBucket(store, bucket, signal)
          throw objectNotFound(`no object ${name} in ${bucket}`)
        }
      }),

    async delete(bucket, name, { signal }) {
      // The generation is asked for first: a request that arrives late must not delete a successor of the same name.
      await attempted(store, bucket, signal, async () => {
        try {
          const object = await findObject(store.api, bucket, name, signal)
          await deleteObject(store.api, bucket, name, object, signal)
        } catch (error) {
          if (!hasStatus(error, 404)) throw error
          await requireBucket(store, bucket, signal)
        }
      })
    },
  })
}

/** The object as it was written; undefined if the condition did not hold. */
async function write(
  store: Store,
  upload: Upload,
  condition: Condition,
  signal: AbortSignal,
): Promise<GoogleObject | undefined> {
  const { bucket } = upload
  return attempted(store, bucket, signal, async (tried) => {
    try {
      return await sendUpload(store.api, upload, condition, signal)
    } catch (error) {
      if (hasStatus(error, 404)) throw bucketNotFound(`there is no bucket ${bucket}`)
      if (!hasStatus(error, 412)) throw error
      // An earlier try may have written the object though its answer was lost. The upload's own mark proves it.
      return tried > 0 ? ours(store, upload, signal) : undefined
    }
  })
}

async function ours(store: Store, { id, bucket, name }: Upload, signal: AbortSignal) {
  try {
    const present = await findObject(store.api, bucket, name, signal)
    return present.upload === id ? present : undefined
  } catch (error) {
    if (hasStatus(error, 404)) return undefined
    throw error
  }
}

/** A 404 may mean the object or the bucket. Whoever may not list is not told which, and is believed to mean the object. */
async function requireBucket({ api }: Store, bucket: string, signal: AbortSignal): Promise<void> {
  try {
    await listOne(api, bucket, signal)
  } catch (error) {
    if (hasStatus(error, 404)) throw bucketNotFound(`there is no bucket ${bucket}`)
    if (!hasStatus(error, 403)) throw error
  }
}

async function attempted<T>(
  { random }: Store,
  bucket: string,
  signal: AbortSignal,
  attempt: (tried: number) => Promise<T>,
): Promise<T> {
  if (!BUCKET.test(bucket)) {
    throw invalidBucketName(`${JSON.stringify(bucket)} is not the name of a Cloud Storage bucket`)
  }
  // 412 in a delete: replaced since it was looked at.
  const mayHelp = (error: unknown) => isTransient(error) || hasStatus(error, 412)
  try {
    return await withRetries({ signal, random, isTransient: mayHelp }, attempt)
  } catch (error) {
    if (error instanceof CredentialsFailure || hasStatus(error, 401, 403)) {
      throw storageAccessDenied(`Cloud Storage refuses this process an object of ${bucket}`, {
        cause: error,
      })
    }
    throw error
  }
}

/** The generation says what a writer has seen, the digest what it was. */
function versionOf({ generation }: { generation: string }, contents: Uint8Array): Version {
  return `${generation}:${digestOf(contents)}` as Version
}

/** Of a version that is none of ours, a generation that no object has. */
function generationOf(version: Version): string {
  return /^\d{1,19}(?=:)/.exec(version)?.[0] ?? '1'
}
