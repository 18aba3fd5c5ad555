import { type FaultyLink, faultyLink } from '@ens/provider-servers'
import {
  type GoogleCloud,
  startGoogleCloud,
  trustGoogleTestServers,
} from '@ens/provider-servers/google'
import { IdentityPoolClient } from 'google-auth-library'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Blobstore, PutOptions } from '../blobstore.ts'
import { blobstoreContract } from '../testing/contract.ts'
import { googleCloudStorage } from './google-cloud-storage.ts'

const { signal } = new AbortController()
const ZIP: PutOptions = { contentType: 'application/zip', cacheable: true, signal }
const OLD = Buffer.from('old')
const NEW = Buffer.from('new')

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

function storeAt(endpoint: string): Blobstore {
  const authClient = new IdentityPoolClient({ ...cloud.credentials, forceRefreshOnFailure: true })
  return googleCloudStorage({ endpoint, authClient })
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
    const authClient = new IdentityPoolClient({ ...cloud.credentials, credential_source: source })
    const refused = googleCloudStorage({ endpoint: cloud.storage.endpoint, authClient })
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
    const emulator = googleCloudStorage({ endpoint: `http://127.0.0.1:${link.port}` })
    link.cut()
    const attempt = emulator.get('exports', 'any', { signal: AbortSignal.timeout(200) })
    await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable' })
  })
})

/** All texts that a logger could find on an error and its causes. */
function everythingIn(error: Error): string {
  const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)))
  return own.join('\n') + (error.cause instanceof Error ? everythingIn(error.cause) : '')
}
