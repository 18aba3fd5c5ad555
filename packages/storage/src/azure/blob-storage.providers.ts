import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { defaultCredential } from '@ens/azure'
import { whenConfigured } from '@ens/provider-servers'
import { blobstoreContract } from '../testing/contract.ts'
import { azureBlobstore } from './blob-storage.ts'

// TEST_AZURE_CONTAINER: an empty container of the account AZURE_STORAGE_ACCOUNT. AZURE_STORAGE_ACCESS_KEY and
// AZURE_STORAGE_SERVICE_ENDPOINT as in production; without a key, Azure's usual chain.
whenConfigured(
  'AZURE_BLOB_STORAGE',
  ['AZURE_STORAGE_ACCOUNT', 'TEST_AZURE_CONTAINER'],
  ({ AZURE_STORAGE_ACCOUNT: account, TEST_AZURE_CONTAINER: bucket }) => {
    const accessKey = process.env['AZURE_STORAGE_ACCESS_KEY']
    const endpoint =
      process.env['AZURE_STORAGE_SERVICE_ENDPOINT'] ?? `https://${account}.blob.core.windows.net`
    blobstoreContract('AZURE_BLOB_STORAGE', async () => {
      const credential =
        accessKey === undefined
          ? await defaultCredential()
          : new StorageSharedKeyCredential(account, accessKey)
      const container = new BlobServiceClient(endpoint, credential).getContainerClient(bucket)
      return {
        blobstore: await azureBlobstore({ account, accessKey, endpoint, random: Math.random }),
        bucket,
        missingBucket: `${bucket.slice(0, 50)}-missing`,
        headersOf: async (name) => {
          const properties = await container.getBlobClient(name).getProperties()
          const { contentType = '', cacheControl = '' } = properties
          return { contentType, cacheControl }
        },
      }
    })
  },
)
