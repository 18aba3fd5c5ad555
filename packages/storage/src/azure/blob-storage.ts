import { randomUUID } from 'node:crypto'
import type { BlockBlobClient } from '@azure/storage-blob'
import { type RetryOptions, retrying } from '@ens/azure'
import type { Blobstore, PutOptions, Version } from '../blobstore.ts'
import { cacheControl } from '../blobstore.ts'
import { digestOf } from '../digest.ts'
import { guarded } from '../guarded.ts'
import { type AccountOptions, openAccount } from './account.ts'
import { download } from './download.ts'
import { md5Of } from './md5.ts'
import { isConflict, isMissingBlob, objectError } from './object-error.ts'

export interface AzureBlobstoreOptions extends AccountOptions {
  /** From 0 to 1, evenly; spreads retries. */
  random: () => number
  /** Longest that one attempt at an object may take. */
  attemptMs?: number
}

/** Room for an archive, and for a second attempt within the deadline of an exporter; as for Google. */
const ATTEMPT_MS = 25_000
/** Metadata of a blob: a random id of the call that wrote it, which means nothing to anybody else. */
const WRITER = 'writer'

/**
 * Buckets are containers of a storage account, which the operator makes. Every write carries its MD5, which the service
 * checks, and an id of its own, so that a repeated write tells its own blob from that of another writer.
 */
export async function azureBlobstore(options: AzureBlobstoreOptions): Promise<Blobstore> {
  const blobIn = await openAccount(options)
  const { random, attemptMs = ATTEMPT_MS } = options
  const retry = (signal: AbortSignal): RetryOptions => ({ signal, random, attemptMs })

  return guarded({
    capabilities: { store: true, conditionalPut: true, headers: true },

    async create(bucket, name, contents, put) {
      const write: Write = { contents, put, conditions: { ifNoneMatch: '*' } }
      const subject = { bucket, name, condition: 'is-new' } as const
      await objectError(subject, writeOnce(blobIn(bucket, name), write, retry(put.signal)))
      return { digest: digestOf(contents) }
    },

    async put(bucket, name, contents, { onlyIf, ...put }) {
      const write: Write = { contents, put, conditions: onlyIf ? { ifMatch: onlyIf } : {} }
      const condition = onlyIf && ('is-unchanged' as const)
      const subject = { bucket, name, condition }
      return objectError(subject, writeOnce(blobIn(bucket, name), write, retry(put.signal)))
    },

    async get(bucket, name, { signal, maxBytes }) {
      const blob = blobIn(bucket, name)
      return objectError(
        { bucket, name },
        retrying(retry(signal), (limit) => download(blob, { bucket, name, maxBytes }, limit)),
      )
    },

    async delete(bucket, name, { signal }) {
      const blob = blobIn(bucket, name)
      await objectError(
        { bucket, name },
        retrying(retry(signal), (limit) => remove(blob, limit)),
      )
    },
  })
}

interface Write {
  contents: Uint8Array
  put: PutOptions
  conditions: { ifNoneMatch?: string; ifMatch?: string }
}

/** A write whose answer was lost is repeated, and then meets its own blob: that is success, too. */
async function writeOnce(
  blob: BlockBlobClient,
  write: Write,
  retry: RetryOptions,
): Promise<Version> {
  const writeId = randomUUID()
  return retrying(retry, async (limit, isRepeated) => {
    try {
      return await upload(blob, write, writeId, limit)
    } catch (error) {
      const own = isRepeated && isConflict(error) && (await ownVersion(blob, writeId, limit))
      if (own) return own
      throw error
    }
  })
}

async function upload(
  blob: BlockBlobClient,
  { contents, put, conditions }: Write,
  writeId: string,
  abortSignal: AbortSignal,
): Promise<Version> {
  const md5 = md5Of(contents)
  const { etag } = await blob.upload(contents, contents.length, {
    abortSignal,
    conditions,
    transactionalContentMD5: md5,
    metadata: { [WRITER]: writeId },
    blobHTTPHeaders: {
      blobContentType: put.contentType,
      blobCacheControl: cacheControl(put.cacheable),
      blobContentMD5: md5,
    },
  })
  return etag as Version
}

/** The version that is there, if it is of this write. */
async function ownVersion(
  blob: BlockBlobClient,
  writeId: string,
  abortSignal: AbortSignal,
): Promise<Version | undefined> {
  try {
    const { metadata, etag } = await blob.getProperties({ abortSignal })
    return metadata?.[WRITER] === writeId ? (etag as Version) : undefined
  } catch (error) {
    if (isMissingBlob(error)) return undefined
    throw error
  }
}

async function remove(blob: BlockBlobClient, abortSignal: AbortSignal): Promise<void> {
  try {
    await blob.delete({ abortSignal, deleteSnapshots: 'include' })
  } catch (error) {
    if (!isMissingBlob(error)) throw error
  }
}
