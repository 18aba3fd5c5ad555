import { randomBytes } from 'node:crypto'
import { whenConfigured } from '@ens/provider-servers'
import type { Blobstore } from '../blobstore.ts'
import { blobstoreContract } from '../testing/contract.ts'
import { storageClient } from './client.ts'
import { GOOGLE_CLOUD_STORAGE, googleCloudStorage } from './google-cloud-storage.ts'

// A bucket of a real account, by the credentials of the machine, or with GOOGLE_CLOUD_STORAGE_ENDPOINT of another server.

whenConfigured('Google Cloud Storage', ['GOOGLE_TEST_BUCKET'], ({ GOOGLE_TEST_BUCKET: bucket }) => {
  const endpoint = process.env.GOOGLE_CLOUD_STORAGE_ENDPOINT || GOOGLE_CLOUD_STORAGE
  const folder = `test-${randomBytes(4).toString('hex')}`
  const client = storageClient({ endpoint })

  blobstoreContract('of Google, elsewhere', async () => ({
    blobstore: inFolder(folder, googleCloudStorage({ endpoint })),
    bucket,
    missingBucket: `${bucket}-missing-${randomBytes(4).toString('hex')}`,
    headersOf: async (name) => {
      const [metadata] = await client.file(bucket, `${folder}/${name}`).getMetadata()
      const { contentType = '', cacheControl = '' } = metadata
      return { contentType, cacheControl }
    },
  }))
})

/** The bucket may hold what earlier runs have left. */
function inFolder(folder: string, store: Blobstore): Blobstore {
  return {
    capabilities: store.capabilities,
    create: (bucket, name, ...rest) => store.create(bucket, `${folder}/${name}`, ...rest),
    put: (bucket, name, ...rest) => store.put(bucket, `${folder}/${name}`, ...rest),
    get: (bucket, name, ...rest) => store.get(bucket, `${folder}/${name}`, ...rest),
    delete: (bucket, name, ...rest) => store.delete(bucket, `${folder}/${name}`, ...rest),
  }
}
