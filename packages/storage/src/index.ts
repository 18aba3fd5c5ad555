export {
  type Blobstore,
  type BlobstoreCapabilities,
  type CallOptions,
  cacheControl,
  type GetOptions,
  MAX_BLOB_BYTES,
  type PutOptions,
  type Version,
} from './blobstore.ts'
export { openBlobstore, type StorageConfig, storageConfig } from './config.ts'
export * from './errors.ts'
export { PARTIAL_PREFIX } from './names.ts'
export { requireBlobstore } from './noop.ts'
