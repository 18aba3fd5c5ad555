import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type FaultyLink, faultyLink, hugeAnswer, runModule } from '@ens/provider-servers'
import {
  GOOGLE_TEST_CA_FILE,
  type GoogleCloud,
  startGoogleCloud,
  trustGoogleTestServers,
} from '@ens/provider-servers/google'
import { GoogleAuth, IdentityPoolClient } from 'google-auth-library'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Blobstore, PutOptions } from '../blobstore.ts'
import { blobstoreContract } from '../testing/contract.ts'
import { operationsOn } from '../testing/operations.ts'
import { googleCloudStorage } from './google-cloud-storage.ts'

const { signal } = new AbortController()
const ZIP: PutOptions = { contentType: 'application/zip', cacheable: true, signal }
const OLD = Buffer.from('old')
const NEW = Buffer.from('new')

/** Without credentials in a file. */
const MACHINE = { NODE_EXTRA_CA_CERTS: GOOGLE_TEST_CA_FILE, HOME: '/nowhere' }

let cloud: GoogleCloud
let link: FaultyLink
let store: Blobstore
beforeAll(async () => {
  trustGoogleTestServers()
  cloud = await startGoogleCloud({ buckets: ['exports', 'others'] })
  link = await faultyLink({ port: cloud.storage.port })
  store = storeAt(`https://localhost:${link.port}`)
})
afterEach(() => {
  link.mend()
  cloud.storage.faults.recover()
})
afterAll(async () => {
  await link.close()
  await cloud.close()
})

function storeAt(endpoint: string, credentials = cloud.credentials): Blobstore {
  const openAuth = () => new GoogleAuth({ authClient: new IdentityPoolClient(credentials) })
  return googleCloudStorage({ endpoint, openAuth })
}

async function hanging(): Promise<Blobstore> {
  link.hang()
  return store
}

async function open() {
  return {
    blobstore: store,
    bucket: 'exports',
    missingBucket: 'missing',
    headersOf: async (name: string) => {
      const { headers } = await fetch(`${cloud.storage.endpoint}/exports/${name}`)
      return {
        contentType: headers.get('content-type') ?? '',
        cacheControl: headers.get('cache-control') ?? '',
      }
    },
  }
}

blobstoreContract('of Google', open, {
  hanging,
  failing: async () => ({ ...(await open()), bucket: 'others', faults: cloud.storage.faults }),
})

describe('an answer that is lost', () => {
  /** How many requests it took to do so, though the answer to the first was lost. */
  async function requestsAfterLoss(use: () => Promise<unknown>): Promise<number> {
    const before = cloud.storage.requests
    cloud.storage.faults.loseAnswers(1)
    await use()
    return cloud.storage.requests - before
  }

  // The upload, the upload again, and a look at whose the object is.
  const UPLOADS = 3

  test('does not make a created object somebody else’s', async () => {
    const create = () => store.create('exports', 'lost/created', NEW, ZIP)
    expect(await requestsAfterLoss(create)).toBe(UPLOADS)
    expect(cloud.storage.find('exports', 'lost/created')?.contents).toEqual(NEW)
  })

  test('does not make somebody else’s object, though of the same bytes, ours', async () => {
    await store.create('exports', 'lost/theirs', NEW, ZIP)
    const create = () =>
      expect(store.create('exports', 'lost/theirs', NEW, ZIP)).rejects.toMatchObject({
        code: 'object_exists',
      })
    expect(await requestsAfterLoss(create)).toBe(UPLOADS)
  })

  test('does not make a replaced version somebody else’s', async () => {
    const onlyIf = await store.put('exports', 'lost/replaced', OLD, ZIP)
    const put = async () => {
      const version = await store.put('exports', 'lost/replaced', NEW, { ...ZIP, onlyIf })
      cloud.storage.faults.recover()
      expect((await store.get('exports', 'lost/replaced', { signal })).version).toBe(version)
    }
    expect(await requestsAfterLoss(put)).toBe(UPLOADS + 1)
  })

  test('does not keep a deletion from its end', async () => {
    await store.create('exports', 'lost/deleted', OLD, ZIP)
    await requestsAfterLoss(() => store.delete('exports', 'lost/deleted', { signal }))
    expect(cloud.storage.find('exports', 'lost/deleted')).toBeUndefined()
  })
})

test('a download that is cut midway is begun again, and comes whole', async () => {
  const big = Buffer.alloc(3_000_000, 'x')
  await store.put('exports', 'cut-midway', big, ZIP)
  link.cutAnswerAfter(100_000)
  const { contents } = await store.get('exports', 'cut-midway', { signal })
  expect(big.equals(contents)).toBe(true)
})

test('a store that cannot be reached is unavailable, and nothing of the object is seen', async () => {
  link.cut()
  const attempt = store.create('exports', 'cut', NEW, { ...ZIP, signal: AbortSignal.timeout(400) })
  await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable' })
  expect(cloud.storage.find('exports', 'cut')).toBeUndefined()
})

test('a store that hangs midway is left at the deadline, and its connection with it', async () => {
  await store.put('exports', 'warm', OLD, ZIP)
  link.hang()
  const deadline = AbortSignal.timeout(200)
  const attempt = store.create('exports', 'hung', NEW, { ...ZIP, signal: deadline })
  const error = await attempt.catch((reason) => reason)
  expect(error).toMatchObject({ code: 'storage_unavailable', cause: deadline.reason })
  link.mend()
  expect(cloud.storage.find('exports', 'hung')).toBeUndefined()
})

describe('a request that hangs is closed with its connection', () => {
  /** Without the connections that are kept from before. */
  async function hangAnew(): Promise<void> {
    link.mend()
    await expect.poll(() => link.connections).toBe(0)
    link.hang()
  }

  test.each([0, 1, 2, 3])('when its caller leaves (operation %d)', async (index) => {
    await hangAnew()
    const left = new AbortController()
    const operation = operationsOn(store, 'exports', 'hung')[index]
    const attempt = operation?.({ signal: left.signal })
    await expect.poll(() => link.connections).toBe(1)
    left.abort()
    await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable' })
    await expect.poll(() => link.connections).toBe(0)
  })

  test('though it is an upload that fills every buffer on the way', async () => {
    await hangAnew()
    const deadline = AbortSignal.timeout(200)
    const big = Buffer.alloc(20_000_000)
    const attempt = store.create('exports', 'hung', big, { ...ZIP, signal: deadline })
    await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable' })
    await expect.poll(() => link.connections).toBe(0)
  })

  test('though it is a download that stopped midway', async () => {
    await store.put('exports', 'stopped', Buffer.alloc(20_000_000), ZIP)
    link.mend()
    link.slowDown(5_000)
    const attempt = store.get('exports', 'stopped', { signal: AbortSignal.timeout(200) })
    await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable' })
    await expect.poll(() => link.connections).toBe(0)
  })
})

test('a download that fails leaves the others alone', async () => {
  await store.put('exports', 'several', Buffer.alloc(5_000_000, 'x'), ZIP)
  link.slowDown(50)
  const before = cloud.storage.requests
  const others = [1, 2, 3].map(() => store.get('exports', 'several', { signal }))
  const failing = store.get('exports', 'several', { signal, maxBytes: 1_000_000 })
  await expect(failing).rejects.toMatchObject({ code: 'blob_too_large' })
  for (const { contents } of await Promise.all(others)) expect(contents).toHaveLength(5_000_000)
  expect(cloud.storage.requests - before).toBe(4)
})

describe('an object that nobody can hold', () => {
  test.each([
    ['declared', 10 ** 12],
    ['not declared', undefined],
  ])('is refused, its size being %s', async (_, declaredBytes) => {
    const huge = await hugeAnswer({ ...(declaredBytes && { declaredBytes }) })
    onTestFinished(() => huge.close())
    const emulator = googleCloudStorage({ endpoint: `http://127.0.0.1:${huge.port}` })
    const attempt = emulator.get('exports', 'huge', { signal, maxBytes: 1_000_000 })
    await expect(attempt).rejects.toMatchObject({ code: 'blob_too_large' })
    expect(await huge.hungUp).toBeLessThan(20_000_000)
    expect(huge.requests()).toBe(1)
  })

  test('is not taken for the description of one either', async () => {
    const huge = await hugeAnswer()
    onTestFinished(() => huge.close())
    const emulator = googleCloudStorage({ endpoint: `http://127.0.0.1:${huge.port}` })
    const deadline = AbortSignal.timeout(400)
    const attempt = emulator.delete('exports', 'huge', { signal: deadline })
    await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(await huge.hungUp).toBeLessThan(20_000_000)
  })
})

test('no write is sent without a condition', async () => {
  const { endpoint, requests } = await emptyServer()
  const empty = googleCloudStorage({ endpoint })
  for (const write of ['create', 'put'] as const) {
    const attempt = empty[write]('exports', 'name', NEW, ZIP)
    await expect(attempt).rejects.toMatchObject({ code: 'bucket_not_found' })
  }
  const writes = requests.map(({ url }) => url).filter((url) => url.startsWith('POST'))
  expect(writes).toHaveLength(2)
  for (const url of writes) expect(url).toMatch(/^POST .*[?&]ifGenerationMatch=0(&|$)/)
})

test('a put without a condition knows its own object when the answer is lost', async () => {
  const put = () => store.put('exports', 'unconditional', NEW, ZIP)
  await put()
  const before = cloud.storage.requests
  cloud.storage.faults.loseAnswers(1, 1)
  const version = await put()
  // A look at what is there, the upload, and a look that finds it.
  expect(cloud.storage.requests - before).toBe(3)
  expect((await store.get('exports', 'unconditional', { signal })).version).toBe(version)
})

test('a name may hold what the client would put a project into', async () => {
  const name = '{{projectId}}/x'
  await store.create('exports', name, NEW, ZIP)
  expect(cloud.storage.find('exports', name)?.contents).toEqual(NEW)
  expect(Buffer.from((await store.get('exports', name, { signal })).contents)).toEqual(NEW)
})

test('the variable of an emulator leads no request, nor a token, elsewhere', async () => {
  const elsewhere = await emptyServer()
  vi.stubEnv('STORAGE_EMULATOR_HOST', elsewhere.endpoint)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  await storeAt(cloud.storage.endpoint).put('exports', 'emulated', NEW, ZIP)
  expect(cloud.storage.find('exports', 'emulated')?.contents).toEqual(NEW)
  expect(elsewhere.requests).toEqual([])
})

/** A server that has nothing, and the headers of all that it was sent. */
async function emptyServer() {
  const requests: { url: string; headers: IncomingHttpHeaders }[] = []
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    requests.push({ url: `${method} ${url}`, headers })
    request.resume()
    response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

test('bytes that change on the way to us are not taken for the object', async () => {
  await store.put('exports', 'flipped', NEW, ZIP)
  cloud.storage.faults.corruptAnswers()
  const attempt = store.get('exports', 'flipped', { signal: AbortSignal.timeout(300) })
  await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable' })
})

test('a version of another store replaces nothing', async () => {
  const onlyIf = (await store.put('exports', 'foreign', OLD, ZIP)).split(':')[1]
  const attempt = store.put('exports', 'foreign', NEW, { ...ZIP, onlyIf: onlyIf as never })
  await expect(attempt).rejects.toMatchObject({ code: 'object_changed' })
})

test('a bucket name that Google does not know is refused before it is asked', async () => {
  const before = cloud.storage.requests
  const attempt = store.get('Exports/us', 'name', { signal })
  await expect(attempt).rejects.toMatchObject({ code: 'invalid_bucket_name' })
  expect(cloud.storage.requests).toBe(before)
})

describe('credentials', () => {
  test('a token that is no longer good is replaced', async () => {
    cloud.revokeTokens()
    await store.put('exports', 'token', NEW, ZIP)
    expect(cloud.storage.find('exports', 'token')?.contents).toEqual(NEW)
  })

  test('credentials that are refused are told apart from an outage, and not quoted', async () => {
    const source = { ...cloud.credentials.credential_source, headers: { 'x-secret': 'hunter2' } }
    const credentials = { ...cloud.credentials, credential_source: source }
    const refused = storeAt(cloud.storage.endpoint, credentials)
    const error = await refused.get('exports', 'any', { signal }).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'storage_access_denied' })
    expect(everythingIn(error)).not.toContain('hunter2')
  })

  test('no error holds the token', async () => {
    cloud.storage.faults.refusePermission()
    const error = await store.get('exports', 'any', { signal }).catch((reason) => reason)
    expect(error.cause).toMatchObject({ status: 403 })
    expect(everythingIn(error)).not.toContain('ya29.')
  })

  test('an emulator is sent none', async () => {
    const { endpoint, requests } = await emptyServer()
    for (const operation of operationsOn(googleCloudStorage({ endpoint }), 'exports', 'any')) {
      await expect(operation({ signal })).rejects.toMatchObject({ code: 'bucket_not_found' })
    }
    expect(requests.length).toBeGreaterThan(4)
    for (const { headers } of requests) expect(headers).not.toHaveProperty('authorization')
  })

  test('a token service that kept one call waiting keeps no later one', async () => {
    const tokens = await faultyLink({ port: cloud.storage.port })
    onTestFinished(() => tokens.close())
    tokens.hang()
    const hanging = { ...cloud.credentials, token_url: `https://localhost:${tokens.port}/v1/token` }
    const found = [hanging, cloud.credentials]
    const openAuth = () => {
      return new GoogleAuth({ authClient: new IdentityPoolClient(found.shift() ?? hanging) })
    }
    const waiting = googleCloudStorage({ endpoint: cloud.storage.endpoint, openAuth })
    const put = (deadline: AbortSignal) =>
      waiting.put('exports', 'waiting', NEW, { ...ZIP, signal: deadline })
    await expect(put(AbortSignal.timeout(300))).rejects.toMatchObject({
      code: 'storage_unavailable',
    })
    await put(signal)
    expect(tokens.connections).toBe(1)
  })

  test('a machine whose metadata server was not found at first is not without for good', async () => {
    cloud.metadata.breakDown(1)
    const code = `
      const { openBlobstore } = await import('@ens/storage')
      const googleEndpoint = ${JSON.stringify(cloud.storage.endpoint)}
      const store = await openBlobstore({ blobstore: 'GOOGLE_CLOUD_STORAGE', googleEndpoint })
      const put = () =>
        store.put('exports', 'on-machine', Buffer.from('new'), {
          ...{ contentType: 'text/plain', cacheable: false, signal: AbortSignal.timeout(20_000) }
        })
      return [await put().catch(({ code }) => code), typeof (await put())]`
    const { result } = await runModule(code, {
      folder: import.meta.dirname,
      variables: { GCE_METADATA_HOST: cloud.metadata.host, ...MACHINE },
    })
    expect(result).toEqual(['storage_access_denied', 'string'])
    expect(cloud.storage.find('exports', 'on-machine')?.contents).toEqual(NEW)
  })
})

/** All texts that a logger could find on an error and its causes. */
function everythingIn(error: Error): string {
  const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)))
  return own.join('\n') + (error.cause instanceof Error ? everythingIn(error.cause) : '')
}
