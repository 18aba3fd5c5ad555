import type { Blobstore } from './blobstore.ts'
import { noBlobstore } from './errors.ts'

/** For services that store nothing: every operation fails with `no_blobstore`. */
export function noopBlobstore(): Blobstore {
  const refuse = async (): Promise<never> => {
    throw noBlobstore('this service was started with BLOBSTORE=NOOP; choose a blob store')
  }
  return {
    capabilities: { store: false, conditionalPut: false, headers: false },
    create: refuse,
    put: refuse,
    get: refuse,
    delete: refuse,
  }
}

/** For the start of a service that stores objects: throws `no_blobstore` if it was given the store of NOOP. */
export function requireBlobstore(blobstore: Blobstore): void {
  if (blobstore.capabilities.store) return
  throw noBlobstore('this service stores objects and cannot run with BLOBSTORE=NOOP')
}
