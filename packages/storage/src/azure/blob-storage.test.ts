import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { type FaultyLink, faultyLink, hugeAnswer, runModule } from '@ens/provider-servers'
import {
  type Azurite,
  type BlobFront,
  blobFront,
  certificateFile,
  startAzurite,
  startTokens,
} from '@ens/provider-servers/azure'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Blobstore, PutOptions } from '../blobstore.ts'
import { blobstoreContract } from '../testing/contract.ts'
import { azureBlobstore } from './blob-storage.ts'

const { signal } = new AbortController()
const ZIP: PutOptions = { contentType: 'application/zip', cacheable: true, signal }
const OLD = Buffer.from('old')
const NEW = Buffer.from('new')

let azurite: Azurite
let link: FaultyLink
let front: BlobFront
beforeAll(async () => {
  azurite = await startAzurite()
  await azurite.createContainer('exports')
  link = await faultyLink({ port: azurite.port })
  front = await blobFront({ port: azurite.port })
})
afterAll(async () => {
  await Promise.all([link.close(), front.close()])
  await azurite.stop()
})

/** Retries at once. */
const random = () => 0

function storeAt({ port }: { port: number }, accessKey = azurite.accessKey): Promise<Blobstore> {
  return azureBlobstore({
    account: azurite.account,
    accessKey,
    endpoint: endpointAt({ port }),
    random,
  })
}

const fetched = (name: string) => fetch(`${azurite.endpoint}/exports/${name}`)

blobstoreContract(
  'on Azure',
  async () => ({
    blobstore: await storeAt(azurite),
    bucket: 'exports',
    missingBucket: 'missing',
    headersOf: async (name) => {
      const { headers } = await fetched(name)
      return {
        contentType: headers.get('content-type') ?? '',
        cacheControl: headers.get('cache-control') ?? '',
      }
    },
  }),
  async () => {
    const hanging = await faultyLink({ port: azurite.port })
    hanging.hang()
    return storeAt(hanging)
  },
)

describe('on Azure', () => {
  test.each(['Upper', 'a/b', 'ab', 'double--hyphen', 'x'.repeat(64)])(
    'no container can be called %j',
    async (bucket) => {
      const attempt = (await storeAt(azurite)).get(bucket, 'name', { signal })
      await expect(attempt).rejects.toMatchObject({ code: 'invalid_bucket_name' })
    },
  )

  test('devices get the MD5 of what they download', async () => {
    await (await storeAt(azurite)).create('exports', 'md5.zip', NEW, ZIP)
    const { headers } = await fetched('md5.zip')
    expect(headers.get('content-md5')).toBe('Iq9kXRhZy1ym2gxITx836g==')
  })

  test("a key that is not the account's is refused, and no message holds it", async () => {
    const accessKey = Buffer.from('not the key of this account').toString('base64')
    const store = await storeAt(azurite, accessKey)
    const attempt = store.create('exports', 'foreign', NEW, ZIP)
    const error = await attempt.catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'storage_access_denied', kind: 'internal' })
    expect(everythingOf(error)).not.toMatch(/SharedKey|not the key|bm90IHRoZS/)
  })
})

describe('on a network that fails', () => {
  let store: Blobstore
  beforeEach(async () => {
    link.mend()
    store = await storeAt(link)
  })

  test('a create whose answer is lost succeeds, for the object is its own', async () => {
    link.cutAnswerAfter(1)
    await store.create('exports', 'lost-answer.zip', NEW, ZIP)
    expect(await (await fetched('lost-answer.zip')).text()).toBe('new')
  })

  test('the object of another writer is not taken for our own, equal bytes or not', async () => {
    await (await storeAt(azurite)).create('exports', 'others.zip', NEW, ZIP)
    link.cutAnswerAfter(1)
    const attempt = store.create('exports', 'others.zip', NEW, ZIP)
    await expect(attempt).rejects.toMatchObject({ code: 'object_exists' })
  })

  test('a conditional put whose answer is lost succeeds, and gives the version that is there', async () => {
    const seen = await store.put('exports', 'lost-index', OLD, ZIP)
    link.cutAnswerAfter(1)
    const version = await store.put('exports', 'lost-index', NEW, { ...ZIP, onlyIf: seen })
    expect(await store.get('exports', 'lost-index', { signal })).toMatchObject({ version })
  })

  test('a conditional put does not succeed by the change of another writer', async () => {
    const seen = await store.put('exports', 'others-index', OLD, ZIP)
    await (await storeAt(azurite)).put('exports', 'others-index', NEW, ZIP)
    link.cutAnswerAfter(1)
    const attempt = store.put('exports', 'others-index', NEW, { ...ZIP, onlyIf: seen })
    await expect(attempt).rejects.toMatchObject({ code: 'object_changed' })
  })

  test('an object whose download is cut midway arrives whole', async () => {
    const contents = Buffer.alloc(3_000_000, 'archive')
    await store.create('exports', 'cut-download', contents, ZIP)
    link.cutAnswerAfter(1_000_000)
    const got = await store.get('exports', 'cut-download', { signal })
    expect(contents.equals(got.contents)).toBe(true)
  })

  test('an upload that is cut leaves nothing to be seen', async () => {
    const attempt = store.create('exports', 'half.zip', Buffer.alloc(20_000_000), ZIP)
    link.cut()
    await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect((await fetched('half.zip')).status).toBe(404)
  })

  test('a slow network changes nothing', async () => {
    const contents = Buffer.alloc(200_000, 'archive')
    link.slowDown(20)
    await store.create('exports', 'slow.zip', contents, ZIP)
    const got = await store.get('exports', 'slow.zip', { signal })
    expect(contents.equals(got.contents)).toBe(true)
  })

  test.each(['create', 'put', 'get', 'delete'] as const)(
    'of %s an attempt that hangs is given up, and another one succeeds within the deadline',
    async (operation) => {
      const { account, accessKey } = azurite
      const endpoint = endpointAt(link)
      const patient = await azureBlobstore({ account, accessKey, endpoint, random, attemptMs: 500 })
      const name = `hung-${operation}`
      if (operation !== 'create') await patient.put('exports', name, OLD, ZIP)
      const within = { ...ZIP, signal: AbortSignal.timeout(20_000) }
      const operations = {
        create: () => patient.create('exports', name, NEW, within),
        put: () => patient.put('exports', name, NEW, within),
        get: () => patient.get('exports', name, within),
        delete: () => patient.delete('exports', name, within),
      }
      link.hangNext()
      await expect(operations[operation]()).resolves.not.toThrow()
    },
  )

  test('a deadline ends the retries', async () => {
    link.cut()
    const deadline = new AbortController()
    const reason = new Error('the deadline has passed')
    const slow = await azureBlobstore({ ...azurite, endpoint: endpointAt(link), random: () => 1 })
    const attempt = slow.get('exports', 'name', { signal: deadline.signal })
    deadline.abort(reason)
    await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable', cause: reason })
  })
})

describe('a service in trouble', () => {
  let store: Blobstore
  beforeEach(async () => {
    front.refuse(0, '', 0)
    store = await storeAt(front)
  })

  test.each([
    [503, 'ServerBusy'],
    [500, 'OperationTimedOut'],
    [429, 'TooManyRequests'],
  ])('is asked again: %i %s', async (status, code) => {
    front.refuse(status, code, 3)
    await store.create('exports', `after-${code}`, NEW, ZIP)
    front.refuse(status, code, 3)
    expect((await store.get('exports', `after-${code}`, { signal })).contents).toEqual(NEW)
  })

  test('is not asked for ever, and its error names its code', async () => {
    front.refuse(503, 'ServerBusy', 1_000)
    const before = front.calls()
    await expect(store.put('exports', 'busy', NEW, ZIP)).rejects.toMatchObject({
      code: 'storage_unavailable',
      kind: 'unavailable',
      cause: { message: 'Azure answered 503 ServerBusy' },
    })
    expect(front.calls() - before).toBe(7)
  })

  test.each([
    [409, 'BlobAlreadyExists'],
    [412, 'ConditionNotMet'],
  ])('may say in two ways that an object is there: %i %s', async (status, code) => {
    front.refuse(status, code, 1)
    const attempt = store.create('exports', 'exists', NEW, ZIP)
    await expect(attempt).rejects.toMatchObject({ code: 'object_exists' })
  })

  test.each([
    [404, 'BlobNotFound'],
    [412, 'ConditionNotMet'],
  ])('may say in two ways that an object was changed: %i %s', async (status, code) => {
    const onlyIf = await store.put('exports', 'to-be-changed', OLD, ZIP)
    front.refuse(status, code, 1)
    const attempt = store.put('exports', 'to-be-changed', NEW, { ...ZIP, onlyIf })
    await expect(attempt).rejects.toMatchObject({ code: 'object_changed' })
  })

  test('may be taking the container away', async () => {
    front.refuse(409, 'ContainerBeingDeleted', 1)
    const attempt = store.create('exports', 'too-late', NEW, ZIP)
    await expect(attempt).rejects.toMatchObject({ code: 'bucket_not_found' })
  })

  test.each([
    [403, 'AuthorizationPermissionMismatch'],
    [403, 'AuthorizationFailure'],
    [401, 'NoAuthenticationInformation'],
  ])('that refuses us is not asked again: %i %s', async (status, code) => {
    front.refuse(status, code, 1)
    const attempt = store.create('exports', 'refused', NEW, ZIP)
    await expect(attempt).rejects.toMatchObject({ code: 'storage_access_denied' })
  })

  test('may damage an object on its way; it is fetched again', async () => {
    await store.create('exports', 'damaged', NEW, ZIP)
    front.damage()
    expect((await store.get('exports', 'damaged', { signal })).contents).toEqual(NEW)
  })
})

describe('a blob that nobody can hold', () => {
  test.each([
    ['declared', 10 ** 12, 'blob_too_large'],
    // Without a length it is no answer of Azure's, and the SDK reads none of it.
    ['not declared', undefined, 'storage_unavailable'],
  ])('of a size that is %s is refused', async (_, declaredBytes, code) => {
    const huge = await hugeAnswer({
      ...(declaredBytes && { declaredBytes }),
      headers: { etag: '"huge"' },
    })
    onTestFinished(() => huge.close())
    const attempt = (await storeAt(huge)).get('exports', 'huge', { signal })
    await expect(attempt).rejects.toMatchObject({ code })
    expect(await huge.hungUp).toBeLessThan(20_000_000)
  })
})

const open = (variables: object, then: string) => `
  const { openBlobstore, storageConfig } = await import('@ens/storage')
  const { loadConfig } = await import('@ens/config')
  const store = await openBlobstore(loadConfig(storageConfig, ${JSON.stringify(variables)}))
  ${then}`

describe('chosen by its setting', () => {
  test('it stores under the account of its settings', async () => {
    const code = open(
      {
        BLOBSTORE: 'AZURE_BLOB_STORAGE',
        AZURE_STORAGE_ACCOUNT: azurite.account,
        AZURE_STORAGE_ACCESS_KEY: azurite.accessKey,
        AZURE_STORAGE_SERVICE_ENDPOINT: azurite.endpoint,
      },
      `const put = { contentType: 'text/plain', cacheable: false, signal: AbortSignal.timeout(20_000) }
       return store.create('exports', 'by-settings', Buffer.from('new'), put)`,
    )
    const { loaded } = await runModule(code, { folder: import.meta.dirname })
    expect(await (await fetched('by-settings')).text()).toBe('new')
    expect(loaded.filter((url) => url.includes('/@azure/identity/'))).toEqual([])
  })

  test("without a key it signs in by the platform's usual chain", async () => {
    const secure = await startAzurite({ isSecure: true })
    const tokens = await startTokens()
    await secure.createContainer('exports')
    const settings = {
      BLOBSTORE: 'AZURE_BLOB_STORAGE',
      AZURE_STORAGE_ACCOUNT: secure.account,
      AZURE_STORAGE_SERVICE_ENDPOINT: secure.endpoint,
    }
    const put = `{ contentType: 'text/plain', cacheable: false, signal: AbortSignal.timeout(20_000) }`
    const code = open(settings, `return store.create('exports', 'x', Buffer.from('new'), ${put})`)
    const variables = { ...tokens.variables, NODE_EXTRA_CA_CERTS: certificateFile('ca.pem') }
    const { result } = await runModule(code, { folder: import.meta.dirname, variables })
    await Promise.all([secure.stop(), tokens.close()])
    expect(result).toEqual({ digest: createHash('sha256').update('new').digest('hex') })
  })

  test('it does not start at an address that is none', async () => {
    const settings = { BLOBSTORE: 'AZURE_BLOB_STORAGE', AZURE_STORAGE_SERVICE_ENDPOINT: 'here' }
    const run = runModule(open(settings, ''), { folder: import.meta.dirname })
    await expect(run).rejects.toThrow(/AZURE_STORAGE_SERVICE_ENDPOINT: not a URL/)
  })

  test('it does not start without an account', async () => {
    const code = open({ BLOBSTORE: 'AZURE_BLOB_STORAGE' }, '')
    const run = runModule(code, { folder: import.meta.dirname })
    await expect(run).rejects.toThrow(/AZURE_STORAGE_ACCOUNT/)
  })

  test('it is loaded, and by no other setting', async () => {
    const code = open({ BLOBSTORE: 'FILESYSTEM' }, '')
    const { loaded } = await runModule(code, { folder: import.meta.dirname })
    expect(loaded.filter((url) => url.includes('/@azure/'))).toEqual([])
    expect(loaded.filter((url) => url.endsWith('/storage/src/filesystem.ts'))).toHaveLength(1)
  })
})

function endpointAt({ port }: { port: number }): string {
  return azurite.endpoint.replace(`:${azurite.port}/`, `:${port}/`)
}

/** What a careless logger might print of an error. */
function everythingOf(error: unknown): string {
  return inspect(error, { depth: 10, showHidden: true })
}
