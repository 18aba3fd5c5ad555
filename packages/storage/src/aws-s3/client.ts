import type { Readable } from 'node:stream'
import { GetObjectCommand, type GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3'
import { type AwsConnection, clientSettings } from '@ens/aws'
import { storageAccessDenied, storageUnavailable } from '../errors.ts'
import { type BoundedObject, readBounded, requireSize } from '../size.ts'

export interface AwsS3Options extends AwsConnection {
  /** Whether the bucket stands in the path of an address and not in its host name. */
  pathStyle: boolean
}

/** Answers to a write that met another one; S3 asks for it to be sent again. */
const CONFLICTS = ['ConditionalRequestConflict', 'OperationAborted']
const AMAZON = /\.(amazonaws\.(com|com\.cn|eu)|api\.aws)$/

/**
 * A client that tries conflicting writes again, which the SDK on its own would not. It talks to no store but Amazon's or
 * the one that was chosen.
 */
export function openClient({ pathStyle, ...connection }: AwsS3Options): S3Client {
  const client = new S3Client({ ...clientSettings(connection), forcePathStyle: pathStyle })
  client.middlewareStack.add(
    (next) => async (args) => {
      if (connection.endpoint === undefined) requireAmazon(args.request)
      try {
        return await next(args)
      } catch (error) {
        // What is marked so, the SDK's retry around this tries again.
        if (isConflict(error)) throw Object.assign(error, { $retryable: {} })
        throw error
      }
    },
    { name: 'retryConflicts', step: 'finalizeRequest', priority: 'low' },
  )
  return client
}

/** Asks for an object, whose bytes are read where the SDK still tries again when a download breaks off. */
export function getCommand(object: BoundedObject): GetObjectCommand {
  const command = new GetObjectCommand({ Bucket: object.bucket, Key: object.name })
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      await readWhole(result.output, object)
      return result
    },
    { name: 'readWhole', step: 'finalizeRequest', priority: 'low' },
  )
  return command
}

/** The bytes of a download by `getCommand`. */
export function contentsOf({ Body: body }: GetObjectCommandOutput): Uint8Array {
  const contents: unknown = body
  if (contents instanceof Uint8Array) return contents
  throw storageUnavailable('the blob store sent no contents')
}

async function readWhole(output: GetObjectCommandOutput, object: BoundedObject): Promise<void> {
  const { Body: body, ContentLength: sizeBytes } = output
  if (!body) return
  const stream = body as Readable
  try {
    requireSize(sizeBytes, object)
    Object.assign(output, { Body: await readBounded(stream, object) })
  } finally {
    stream.destroy() // and with it the connection, if anything is left to be read
  }
}

function isConflict(error: unknown): error is Error {
  return error instanceof Error && CONFLICTS.includes(error.name)
}

/** The SDK also takes endpoints from shared files. Whether such a store honours conditions nobody has checked. */
function requireAmazon(request: unknown): void {
  const { hostname } = request as { hostname: string }
  if (AMAZON.test(hostname)) return
  throw storageAccessDenied(
    'the SDK was led to a store that is not Amazon’s; name it in AWS_ENDPOINT_URL_S3',
  )
}
