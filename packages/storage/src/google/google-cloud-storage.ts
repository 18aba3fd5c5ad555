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
import { type ClientOptions, type StorageClient, storageClient } from './client.ts'
import { downloadObject } from './download.ts'
import {
  deleteObject,
  findObject,
  type GoogleObject,
  listOne,
  prepareUpload,
  sendUpload,
  type Upload,
} from './objects.ts'
import { withRetries } from './retries.ts'

export const GOOGLE_CLOUD_STORAGE = 'https://storage.googleapis.com'

export interface GoogleCloudStorageOptions extends Partial<ClientOptions> {
  random?: () => number
}

/** https://cloud.google.com/storage/docs/buckets#naming */
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/
/** `ifGenerationMatch` of an object that is not there. */
const NONE = '0'

interface Store {
  client: StorageClient
  random: () => number
}

/**
 * Buckets of Google Cloud Storage. Every write bears a condition on the object's generation, so that one which is sent twice,
 * or arrives late, does nothing then. Who may read is the bucket's business; no ACL is touched.
 */
export function googleCloudStorage(options: GoogleCloudStorageOptions = {}): Blobstore {
  const { random = Math.random, endpoint = GOOGLE_CLOUD_STORAGE, ...others } = options
  const client = storageClient({ endpoint, ...others })
  const store = { client, random }
  return guarded({
    capabilities: { store: true, conditionalPut: true, headers: true },

    async create(bucket, name, contents, put) {
      const upload = prepareUpload(bucket, name, contents, put)
      const created = await writeOnce(store, upload, NONE, put.signal)
      if (!created) throw objectExists(`object ${name} is in ${bucket} already`)
      return { digest: digestOf(contents) }
    },

    async put(bucket, name, contents, { onlyIf, ...put }) {
      const upload = prepareUpload(bucket, name, contents, put)
      const written =
        onlyIf === undefined
          ? await replace(store, upload, put.signal)
          : await writeOnce(store, upload, generationOf(onlyIf), put.signal)
      if (written) return versionOf(written, contents)
      throw objectChanged(`object ${name} in ${bucket} was replaced or deleted meanwhile`)
    },

    get: (bucket, name, { signal, maxBytes }) =>
      attempted(store, bucket, signal, async () => {
        try {
          const found = await downloadObject(client, { bucket, name, maxBytes }, signal)
          return { contents: found.contents, version: versionOf(found, found.contents) }
        } catch (error) {
          if (!hasStatus(error, 404)) throw error
          await requireBucket(client, bucket, signal)
          throw objectNotFound(`no object ${name} in ${bucket}`)
        }
      }),

    async delete(bucket, name, { signal }) {
      // The generation is asked for first: a request that arrives late must not delete a successor of the same name.
      await attempted(store, bucket, signal, async () => {
        try {
          const object = await findObject(client, bucket, name, signal)
          await deleteObject(client, bucket, name, object, signal)
        } catch (error) {
          if (!hasStatus(error, 404)) throw error
          await requireBucket(client, bucket, signal)
        }
      })
    },
  })
}

/** The object as it was written; undefined if what is there was not of that generation. */
function writeOnce(
  store: Store,
  upload: Upload,
  generation: string,
  signal: AbortSignal,
): Promise<GoogleObject | undefined> {
  return attempted(store, upload.bucket, signal, async (tried) => {
    try {
      return await send(store, upload, generation, signal)
    } catch (error) {
      if (!hasStatus(error, 412)) throw error
      // An earlier try may have written the object though its answer was lost. The upload's own mark proves it.
      const present = tried > 0 ? await findPresent(store, upload, signal) : undefined
      return isOf(upload, present) ? present : undefined
    }
  })
}

/** Takes the place of whatever is there. A request without a condition could do so long after we have left. */
function replace(store: Store, upload: Upload, signal: AbortSignal): Promise<GoogleObject> {
  return attempted(store, upload.bucket, signal, async () => {
    const present = await findPresent(store, upload, signal)
    if (present && isOf(upload, present)) return present // by an earlier try, whose answer was lost
    return send(store, upload, present?.generation ?? NONE, signal)
  })
}

async function send({ client }: Store, upload: Upload, generation: string, signal: AbortSignal) {
  try {
    return await sendUpload(client, upload, generation, signal)
  } catch (error) {
    if (hasStatus(error, 404)) throw bucketNotFound(`there is no bucket ${upload.bucket}`)
    throw error
  }
}

async function findPresent({ client }: Store, { bucket, name }: Upload, signal: AbortSignal) {
  try {
    return await findObject(client, bucket, name, signal)
  } catch (error) {
    if (hasStatus(error, 404)) return undefined
    throw error
  }
}

function isOf({ metadata }: Upload, present: GoogleObject | undefined): boolean {
  return present?.upload === metadata.metadata.upload
}

/** A 404 may mean the object or the bucket. Whoever may not list is not told which, and is believed to mean the object. */
async function requireBucket(
  client: StorageClient,
  bucket: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await listOne(client, bucket, signal)
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
  // 412 where it is thrown: replaced since it was looked at.
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
