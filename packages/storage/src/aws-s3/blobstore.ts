import { randomUUID } from 'node:crypto'
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { requireRegion } from '@ens/aws'
import { type Blobstore, cacheControl, type PutOptions, type Version } from '../blobstore.ts'
import { digestOf } from '../digest.ts'
import { objectChanged, objectExists, storageUnavailable } from '../errors.ts'
import { guarded } from '../guarded.ts'
import { type AwsS3Options, contentsOf, getCommand, openClient } from './client.ts'
import { conditionChecker } from './conditions.ts'
import { hasStatus, isMissingObject, translated } from './failures.ts'

/** Under this name every write leaves a token of its own with the object, to be known again after a doubtful failure. */
const WRITER = 'writer'

/**
 * Objects in Amazon S3, or in a store that speaks its protocol and honours conditional writes:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 * Buckets are those of the account. Bytes are sent with their SHA-256, which the store compares and keeps.
 */
export function awsS3Blobstore(options: AwsS3Options): Blobstore {
  return blobstoreOf(openClient(options), options)
}

/** For the start of a service: throws `invalid_config` if the region is not known. */
export async function openAwsS3(options: AwsS3Options): Promise<Blobstore> {
  const client = openClient(options)
  await requireRegion(client)
  return blobstoreOf(client, options)
}

function blobstoreOf(client: S3Client, options: AwsS3Options): Blobstore {
  const requireConditions = conditionChecker(client, { trusted: options.endpoint === undefined })

  /** Writes if the condition holds, and returns the version; undefined if it does not. */
  async function write(
    place: Place,
    contents: Uint8Array,
    { signal, ...headers }: PutOptions,
    condition: Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'> = {},
  ): Promise<Version | undefined> {
    const writer = randomUUID()
    const object = { ...objectOf(contents, headers), Metadata: { [WRITER]: writer } }
    const command = new PutObjectCommand({ ...place, ...condition, ...object })
    try {
      return versionFrom(await client.send(command, { abortSignal: signal }))
    } catch (error) {
      if (isMissingObject(error)) return undefined
      // An attempt whose answer was lost may have written before: then the condition fails because of our own object.
      if (hasStatus(error, 412)) return findWritten(place, writer, signal)
      throw error
    }
  }

  async function findWritten(
    place: Place,
    writer: string,
    signal: AbortSignal,
  ): Promise<Version | undefined> {
    try {
      const head = await client.send(new HeadObjectCommand(place), { abortSignal: signal })
      return head.Metadata?.[WRITER] === writer ? versionFrom(head) : undefined
    } catch (error) {
      if (hasStatus(error, 404)) return undefined
      throw error
    }
  }

  return guarded({
    capabilities: { store: true, conditionalPut: true, headers: true },

    create: (bucket, name, contents, put) =>
      translated(bucket, name, async () => {
        await requireConditions(bucket, put.signal)
        const place = { Bucket: bucket, Key: name }
        if (await write(place, contents, put, { IfNoneMatch: '*' })) {
          return { digest: digestOf(contents) }
        }
        throw objectExists(`object ${name} is in ${bucket} already`)
      }),

    put: (bucket, name, contents, { onlyIf, ...put }) =>
      translated(bucket, name, async () => {
        if (onlyIf !== undefined) await requireConditions(bucket, put.signal)
        const condition = onlyIf === undefined ? {} : { IfMatch: onlyIf }
        const version = await write({ Bucket: bucket, Key: name }, contents, put, condition)
        if (version) return version
        throw objectChanged(`object ${name} in ${bucket} was changed meanwhile`)
      }),

    get: (bucket, name, { signal, maxBytes }) =>
      translated(bucket, name, async () => {
        const command = getCommand({ bucket, name, maxBytes })
        const object = await client.send(command, { abortSignal: signal })
        return { contents: contentsOf(object), version: versionFrom(object) }
      }),

    delete: (bucket, name, { signal }) =>
      translated(bucket, name, async () => {
        const command = new DeleteObjectCommand({ Bucket: bucket, Key: name })
        await client.send(command, { abortSignal: signal })
      }),
  })
}

interface Place {
  Bucket: string
  Key: string
}

function objectOf(contents: Uint8Array, { contentType, cacheable }: Omit<PutOptions, 'signal'>) {
  return {
    Body: contents,
    ContentType: contentType,
    CacheControl: cacheControl(cacheable),
    ChecksumSHA256: Buffer.from(digestOf(contents), 'hex').toString('base64'),
  }
}

/** The ETag, quotes and all: as good as a digest for our purpose, and what conditions are made of. */
function versionFrom({ ETag: etag }: { ETag?: string | undefined }): Version {
  if (etag) return etag as Version
  throw storageUnavailable('the blob store gave the object no ETag')
}
