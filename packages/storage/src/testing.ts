export {
  type MemoryBlobstore,
  type MemoryBlobstoreOptions,
  memoryBlobstore,
  type StoredObject,
} from './memory.ts'
