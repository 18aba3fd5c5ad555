import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@ens/config'
import { describe, expect, test } from 'vitest'
import { openBlobstore, storageConfig } from './config.ts'
import { requireBlobstore } from './noop.ts'

const { signal } = new AbortController()
const options = { contentType: 'text/plain', cacheable: false, signal }

describe('configuration', () => {
  test('objects on disk are found again by the next process', async () => {
    const root = await mkdtemp(join(tmpdir(), 'blob store '))
    await mkdir(join(root, 'bucket'))
    const config = loadConfig(storageConfig, {
      BLOBSTORE: 'FILESYSTEM',
      BLOBSTORE_FILESYSTEM_ROOT: root,
    })
    await (await openBlobstore(config)).put('bucket', 'name', Buffer.from('kept'), options)
    const { contents } = await (await openBlobstore(config)).get('bucket', 'name', { signal })
    expect(Buffer.from(contents).toString()).toBe('kept')
  })

  test.each([{}, { BLOBSTORE: '' }, { BLOBSTORE: 'filesystem' }])(
    'there is no default blob store: %j stops the start',
    (variables) => {
      expect(() => loadConfig(storageConfig, variables)).toThrow(/BLOBSTORE/)
    },
  )
})

describe('without a blob store', () => {
  test('a service that stores objects does not start', async () => {
    const blobstore = await openBlobstore(loadConfig(storageConfig, { BLOBSTORE: 'NOOP' }))
    expect(() => requireBlobstore(blobstore)).toThrow(/NOOP/)
  })

  test('one that stores all the same is told so', async () => {
    const blobstore = await openBlobstore(loadConfig(storageConfig, { BLOBSTORE: 'NOOP' }))
    const attempt = blobstore.put('bucket', 'name', Buffer.of(), options)
    await expect(attempt).rejects.toMatchObject({ code: 'no_blobstore', kind: 'internal' })
  })

  test('a service with a store starts', async () => {
    const blobstore = await openBlobstore(loadConfig(storageConfig, { BLOBSTORE: 'MEMORY' }))
    expect(requireBlobstore(blobstore)).toBeUndefined()
  })
})
