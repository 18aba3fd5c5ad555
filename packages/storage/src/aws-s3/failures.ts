import { type AwsFailure, failureOf, isRefused } from '@ens/aws'
import { isAppError } from '@ens/errors'
import {
  bucketNotFound,
  invalidBucketName,
  invalidObjectName,
  objectNotFound,
  storageAccessDenied,
  storageUnavailable,
} from '../errors.ts'

/** Gives errors of the SDK our codes. Their cause holds no more than a name and a status: see `failureOf`. */
export async function translated<T>(
  bucket: string,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isAppError(error) ? error : translation(failureOf(error), bucket, name)
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
function translation(cause: AwsFailure, bucket: string, name: string): Error {
  const what = `object ${name} in ${bucket}`
  switch (cause.reason) {
    case 'NoSuchBucket':
      return bucketNotFound(`there is no bucket ${bucket}`, { cause })
    case 'NoSuchKey':
      return objectNotFound(`no object ${name} in ${bucket}`, { cause })
    case 'InvalidBucketName':
      return invalidBucketName(`S3 has no buckets called ${JSON.stringify(bucket)}`, { cause })
    case 'KeyTooLongError':
      return invalidObjectName(`${JSON.stringify(name)} is too long for S3`, { cause })
  }
  if (isRefused(cause)) {
    return storageAccessDenied(`the blob store answered ${cause.reason} to ${what}`, { cause })
  }
  return storageUnavailable(`the blob store failed with ${what}: ${cause.reason}`, { cause })
}

export function hasStatus(error: unknown, status: number): boolean {
  return failureOf(error).status === status
}

export function isMissingObject(error: unknown): boolean {
  return failureOf(error).reason === 'NoSuchKey'
}
