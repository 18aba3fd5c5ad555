declare const version: unique symbol

/** What an object's contents were when they were read or written; compares equal exactly if they are the same. */
export type Version = string & { readonly [version]: true }

/** An abort ends the wait with `storage_unavailable`, its reason as the cause. */
export interface CallOptions {
  signal: AbortSignal
}

export interface PutOptions extends CallOptions {
  contentType: string
  /** Export files never change and may be cached; the index changes with every batch and may not. */
  cacheable: boolean
}

/**
 * Larger objects are not read, unless the caller says otherwise: an archive of two million keys, the most that
 * `EXPORT_FILE_MAX_RECORDS` allows, takes 122 MB if none of it can be compressed (61 bytes for a key with all it may have),
 * and an index far less.
 */
export const MAX_BLOB_BYTES = 128 * 1024 * 1024

export interface GetOptions extends CallOptions {
  /** In the place of `MAX_BLOB_BYTES`. */
  maxBytes?: number | undefined
}

/** What a store can do. */
export interface BlobstoreCapabilities {
  /** Whether it keeps objects at all; the one of NOOP does not. */
  store: boolean
  /** Whether `put` takes `onlyIf`; otherwise that fails with `conditional_write_unsupported`. */
  conditionalPut: boolean
  /** Whether it serves the content type and `cacheControl` itself; otherwise the server in front of it must. */
  headers: boolean
}

/**
 * Where export files are put for devices to fetch. Names may hold slashes. A reader sees an object whole or not
 * at all, and what was written survives a power cut. A bucket that does not exist is `bucket_not_found`.
 */
export interface Blobstore {
  readonly capabilities: Readonly<BlobstoreCapabilities>

  /**
   * Creates an object that will never change; throws `object_exists` if there is one, so that a published file
   * is never overwritten. The digest is the SHA-256 of the contents, in hex.
   */
  create(
    bucket: string,
    name: string,
    contents: Uint8Array,
    options: PutOptions,
  ): Promise<{ digest: string }>

  /**
   * Creates the object, or replaces it whole; with `onlyIf`, replaces only the version that the writer has seen and
   * else throws `object_changed`. For the index.
   */
  put(
    bucket: string,
    name: string,
    contents: Uint8Array,
    options: PutOptions & { onlyIf?: Version | undefined },
  ): Promise<Version>

  /**
   * Throws `object_not_found` if there is none, and `blob_too_large` if it is larger than the caller takes, of which no more
   * is read than shows it.
   */
  get(
    bucket: string,
    name: string,
    options: GetOptions,
  ): Promise<{ contents: Uint8Array; version: Version }>

  /** Deletes the object; to delete one that is gone is no error, so that clean-ups can be retried. */
  delete(bucket: string, name: string, options: CallOptions): Promise<void>
}

/** The value of `Cache-Control` that phones and CDNs must see: a day for what never changes, nothing for the index. */
export function cacheControl(cacheable: boolean): string {
  return cacheable ? 'public, max-age=86400' : 'no-cache, max-age=0'
}
