import { defineError } from '@ens/errors'

export const objectNotFound = defineError(
  'not-found',
  'object_not_found',
  'The bucket holds no object of that name; it may have been cleaned up.',
)

export const objectExists = defineError(
  'conflict',
  'object_exists',
  'An object of that name is there already, and published objects are never overwritten.',
)

export const objectChanged = defineError(
  'conflict',
  'object_changed',
  'The object is no longer the version that the writer has seen; read it again.',
)

export const blobTooLarge = defineError(
  'internal',
  'blob_too_large',
  'The object is larger than anything that is written here; somebody else may have put it into the bucket.',
)

export const bucketNotFound = defineError(
  'not-found',
  'bucket_not_found',
  'There is no such bucket; buckets are made by the operator, never by a service.',
)

export const invalidObjectName = defineError(
  'invalid',
  'invalid_object_name',
  'An object name must be a relative path of plain segments, such as us/1-2-00001.zip.',
)

export const invalidBucketName = defineError(
  'invalid',
  'invalid_bucket_name',
  'A bucket name must be a name, or for the file system a relative path.',
)

export const storageUnavailable = defineError(
  'unavailable',
  'storage_unavailable',
  'The blob store did not answer before the deadline, or failed.',
)

export const storageAccessDenied = defineError(
  'internal',
  'storage_access_denied',
  'The blob store refuses this process the object; its grants or file modes need a look.',
)

export const conditionalWriteUnsupported = defineError(
  'invalid',
  'conditional_write_unsupported',
  'The chosen blob store cannot replace an object only if it is unchanged.',
)

export const noBlobstore = defineError(
  'internal',
  'no_blobstore',
  'BLOBSTORE is NOOP, and the service came to need an object.',
)
