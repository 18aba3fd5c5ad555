import { isAppError } from '@ens/errors'
import { type Blobstore, objectExists, objectNotFound, type Version } from '@ens/storage'

/** Longest that one operation on the blob store may take. */
const OPERATION_TIMEOUT_MS = 50_000

export interface StoredObject {
  contents: Uint8Array
  version: Version
}

/** The signal of one operation on the blob store. */
export function within(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(OPERATION_TIMEOUT_MS)])
}

/** An object as it is, or undefined if there is none. */
export async function findObject(
  blobstore: Blobstore,
  bucket: string,
  name: string,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  try {
    return await blobstore.get(bucket, name, { signal: within(signal) })
  } catch (error) {
    if (hasCode(error, objectNotFound.code)) return undefined
    throw error
  }
}

/** Creates an object; false if there is one of that name. */
export async function createObject(
  blobstore: Blobstore,
  bucket: string,
  name: string,
  { contents, ...options }: ObjectContents,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await blobstore.create(bucket, name, contents, { ...options, signal: within(signal) })
    return true
  } catch (error) {
    if (hasCode(error, objectExists.code)) return false
    throw error
  }
}

export interface ObjectContents {
  contents: Uint8Array
  contentType: string
  cacheable: boolean
}

export function hasCode(error: unknown, code: string): boolean {
  return isAppError(error) && error.code === code
}
