import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@ens/config'
import { runModule } from '@ens/provider-servers'
import { openBlobstore, storageConfig } from '@ens/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LocalBlobs, openBlobs } from './blobs.ts'
import { type Cdn, startCdn } from './cdn.ts'
import { config } from './config.ts'
import { DEMO } from './demo-configuration.ts'
import { createFleet } from './fleet.ts'
import { openFolder } from './folder.ts'

const { signal } = new AbortController()
const fleet = createFleet()
let home: string
let blobs: LocalBlobs
let cdn: Cdn
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'azurite of start '))
  const chosen = { ...loadConfig(config, { BLOBSTORE: 'AZURE_BLOB_STORAGE' }), azuritePort: 0 }
  const folder = await openFolder(home, DEMO.bucket, chosen.blobstore)
  blobs = await openBlobs({ config: chosen, folder, fleet })
  cdn = await startCdn(blobs.origin, 0)
})
afterAll(async () => {
  await cdn.close()
  await fleet.stop()
  await rm(home, { recursive: true })
})

test('what services store in Azurite is served with the headers that it keeps', async () => {
  const store = await openBlobstore(loadConfig(storageConfig, blobs.variables))
  const zip = { contentType: 'application/zip', cacheable: true, signal }
  const index = { contentType: 'text/plain', cacheable: false, signal }
  await store.create(DEMO.bucket, 'demo/1-2-00001.zip', Buffer.from('archive'), zip)
  await store.put(DEMO.bucket, 'demo/index.txt', Buffer.from('demo/1-2-00001.zip'), index)

  const archive = await fetch(`${cdn.url}/${DEMO.bucket}/demo/1-2-00001.zip`)
  expect(await archive.text()).toBe('archive')
  expect(archive.headers.get('content-type')).toBe('application/zip')
  expect(archive.headers.get('cache-control')).toBe('public, max-age=86400')
  const list = await fetch(`${cdn.url}/${DEMO.bucket}/demo/index.txt`)
  expect(await list.text()).toBe('demo/1-2-00001.zip')
  expect(list.headers.get('content-type')).toBe('text/plain')
  expect(list.headers.get('cache-control')).toBe('no-cache, max-age=0')
})

test.each(['/demo/absent.zip', '/demo/%3Frestype=container.zip', '/demo/..%2Fother.zip'])(
  'what is not in Azurite is not there: %s',
  async (path) => {
    expect((await fetch(`${cdn.url}/${DEMO.bucket}${path}`)).status).toBe(404)
  },
)

test('a bucket that is not public is not there either', async () => {
  expect((await fetch(`${cdn.url}/other/demo/index.txt`)).status).toBe(404)
})

test('without that setting, nothing of it is loaded', async () => {
  const code = `
    const { createFleet, localConfig, openFolder } = await import('@ens/local')
    const { openBlobs } = await import(${JSON.stringify(join(import.meta.dirname, 'blobs.ts'))})
    const { loadConfig } = await import('@ens/config')
    const folder = await openFolder(${JSON.stringify(join(home, 'plain'))}, 'bucket')
    const blobs = await openBlobs({ config: loadConfig(localConfig, {}), folder, fleet: createFleet() })
    return blobs.variables.BLOBSTORE`
  const { result, loaded } = await runModule(code, { folder: import.meta.dirname })
  expect(result).toBe('FILESYSTEM')
  expect(loaded.filter((url) => /@azure|azurite|provider-servers/.test(url))).toEqual([])
})
