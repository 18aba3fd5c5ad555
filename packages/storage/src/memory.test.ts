import { expect, test } from 'vitest'
import type { PutOptions } from './blobstore.ts'
import { memoryBlobstore } from './memory.ts'
import { blobstoreContract } from './testing/contract.ts'

const options: PutOptions = {
  contentType: 'application/zip',
  cacheable: true,
  signal: new AbortController().signal,
}

blobstoreContract(
  'in memory',
  async () => {
    const blobstore = memoryBlobstore({ buckets: ['exports'] })
    return {
      blobstore,
      bucket: 'exports',
      missingBucket: 'missing',
      headersOf: async (name) => {
        const { contentType = '', cacheControl = '' } = blobstore.find('exports', name) ?? {}
        return { contentType, cacheControl }
      },
    }
  },
  async () => memoryBlobstore({ before: () => Promise.withResolvers<void>().promise }),
)

test('a test sees which names are stored, bucket by bucket', async () => {
  const blobstore = memoryBlobstore()
  for (const name of ['b', 'a']) await blobstore.create('exports', name, Buffer.of(1), options)
  await blobstore.create('elsewhere', 'c', Buffer.of(1), options)
  expect(blobstore.names('exports')).toEqual(['a', 'b'])
})

test('a fault of the test reaches the caller as an outage of the store', async () => {
  const cause = new Error('socket hang up')
  const blobstore = memoryBlobstore({
    before: (operation, _, name) => {
      if (operation === 'create' && name === 'us/2.zip') throw cause
    },
  })
  await blobstore.create('exports', 'us/1.zip', Buffer.of(1), options)
  const attempt = blobstore.create('exports', 'us/2.zip', Buffer.of(1), options)
  await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable', cause })
})
