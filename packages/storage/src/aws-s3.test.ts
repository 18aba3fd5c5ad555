import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FaultyLink, faultyLink, hugeAnswer, runModule } from '@ens/provider-servers'
import { type S3Server, s3Server } from '@ens/provider-servers/aws'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { awsS3Blobstore } from './aws-s3.ts'
import type { Blobstore, PutOptions } from './blobstore.ts'
import { blobstoreContract } from './testing/contract.ts'

const { signal } = new AbortController()
const ZIP: PutOptions = { contentType: 'application/zip', cacheable: true, signal }
const INDEX: PutOptions = { contentType: 'text/plain', cacheable: false, signal }
const OLD = Buffer.from('old')
const NEW = Buffer.from('new')

const servers: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const server of servers) await server.close()
})

async function started(): Promise<S3Server> {
  const server = await s3Server(['exports', 'elsewhere'])
  servers.push(server)
  return server
}

async function linkTo(server: S3Server): Promise<FaultyLink> {
  const link = await faultyLink(server)
  servers.unshift(link)
  return link
}

function storeAt(port: number, { region, credentials }: S3Server): Blobstore {
  const endpoint = `http://127.0.0.1:${port}`
  return awsS3Blobstore({ endpoint, region, credentials, pathStyle: true })
}

blobstoreContract(
  'in S3',
  async () => {
    const server = await started()
    return {
      blobstore: storeAt(server.port, server),
      bucket: 'exports',
      missingBucket: 'missing',
      headersOf: async (name) => {
        const { headers } = await fetch(`${server.url}/exports/${name}`)
        return {
          contentType: String(headers.get('content-type')),
          cacheControl: String(headers.get('cache-control')),
        }
      },
    }
  },
  async () => {
    const server = await started()
    const link = await linkTo(server)
    link.hang()
    return storeAt(link.port, server)
  },
)

let server: S3Server
let link: FaultyLink
let store: Blobstore
beforeAll(async () => {
  server = await started()
  link = await linkTo(server)
  store = storeAt(link.port, server)
  await store.create('exports', 'there-before', OLD, ZIP)
})
beforeEach(() => {
  link.mend()
  server.refuse(false)
  server.throttle(0)
  server.conflict(0)
  server.requests.length = 0
})

const contentsOf = async (name: string) =>
  Buffer.from((await store.get('exports', name, { signal })).contents)
const CODE = (code: string) => ({ code })

describe('S3 that fails', () => {
  test.each(['create', 'put', 'get', 'delete'] as const)(
    'what it turns away as too much, %s tries again',
    async (operation) => {
      const name = `throttled-${operation}`
      await store.put('exports', name, OLD, INDEX)
      await store.delete('exports', 'throttled-create', { signal })
      server.throttle(1)
      const attempts = {
        create: () => store.create('exports', name, NEW, ZIP),
        put: () => store.put('exports', name, NEW, INDEX),
        get: () => store.get('exports', name, { signal }),
        delete: () => store.delete('exports', name, { signal }),
      }
      await expect(attempts[operation]()).resolves.not.toThrow()
    },
  )

  test('what it turns away again and again ends by the signal', async () => {
    server.throttle(1000)
    const cause = new Error('the deadline has passed')
    const deadline = new AbortController()
    const attempt = store.put('exports', 'never', NEW, { ...INDEX, signal: deadline.signal })
    const abortWhenTriedAgain = async () => {
      await expect.poll(() => server.requests.length, { timeout: 10_000 }).toBeGreaterThan(1)
      deadline.abort(cause)
    }
    await Promise.all([
      expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable', cause }),
      abortWhenTriedAgain(),
    ])
  })

  test('without permission every operation says so, and quotes no credential', async () => {
    server.refuse(true)
    const attempts = [
      () => store.create('exports', 'denied', NEW, ZIP),
      () => store.put('exports', 'denied', NEW, INDEX),
      () => store.get('exports', 'there-before', { signal }),
      () => store.delete('exports', 'there-before', { signal }),
    ]
    for (const attempt of attempts)
      await expect(attempt()).rejects.toMatchObject({
        code: 'storage_access_denied',
        kind: 'internal',
        message: expect.stringContaining('AccessDenied'),
        cause: { reason: 'AccessDenied', status: 403 },
      })
    expect(server.requests).toHaveLength(4)
  })

  test('a wrong secret key is told as missing permission', async () => {
    const credentials = { ...server.credentials, secretAccessKey: 'another' }
    const stranger = storeAt(server.port, { ...server, credentials })
    const attempt = stranger.put('exports', 'name', NEW, INDEX)
    await expect(attempt).rejects.toMatchObject({
      code: 'storage_access_denied',
      message: expect.stringContaining('SignatureDoesNotMatch'),
      cause: { reason: 'SignatureDoesNotMatch' },
    })
  })

  test('a connection that is refused is an outage', async () => {
    const gone = await s3Server([])
    await gone.close()
    const attempt = storeAt(gone.port, server).get('exports', 'name', { signal })
    await expect(attempt).rejects.toMatchObject({
      code: 'storage_unavailable',
      cause: { reason: 'ECONNREFUSED' },
    })
  })

  test('a download that breaks off is tried again, and is whole', async () => {
    const big = Buffer.alloc(3_000_000, 'x')
    await store.create('exports', 'broken-off', big, ZIP)
    link.cutAnswerAfter(1_000_000)
    expect((await contentsOf('broken-off')).equals(big)).toBe(true)
    expect(server.requests.filter((one) => one === 'GET /exports/broken-off')).toHaveLength(2)
  })

  test('a slow store is waited for', async () => {
    link.slowDown(50)
    expect(await contentsOf('there-before')).toEqual(OLD)
  })
})

describe('S3 that holds what nobody can hold', () => {
  test.each([
    ['declared', 10 ** 12, 'crc32'],
    ['declared', 10 ** 12, undefined],
    ['not declared', undefined, 'crc32'],
    ['not declared', undefined, undefined],
  ])('a size that is %s (%d bytes, checksum %s) is refused', async (_, declaredBytes, checksum) => {
    const huge = await hugeAnswer({
      ...(declaredBytes && { declaredBytes }),
      headers: { etag: '"huge"', ...(checksum && { 'x-amz-checksum-crc32': 'AAAAAA==' }) },
    })
    servers.push(huge)
    const attempt = storeAt(huge.port, server).get('exports', 'huge', {
      signal,
      maxBytes: 1_000_000,
    })
    await expect(attempt).rejects.toMatchObject({ code: 'blob_too_large' })
    // What lay between the two ends is all that was sent for nothing.
    expect(await huge.hungUp).toBeLessThan(20_000_000)
    expect(huge.requests()).toBe(1)
  })
})

describe('S3 whose answer is lost', () => {
  test('what was created all the same counts as created', async () => {
    link.cutAnswerAfter(0)
    await store.create('exports', 'doubtful', NEW, ZIP)
    expect(await contentsOf('doubtful')).toEqual(NEW)
    expect(server.requests.filter((one) => one === 'PUT /exports/doubtful')).toHaveLength(2)
  })

  test('an object of somebody else is not taken for our own, though its bytes are the same', async () => {
    await store.create('exports', 'of-another', NEW, ZIP)
    link.cutAnswerAfter(0)
    const attempt = store.create('exports', 'of-another', NEW, ZIP)
    await expect(attempt).rejects.toMatchObject(CODE('object_exists'))
  })

  test('a replacement that took place all the same counts, and its version can be built on', async () => {
    const seen = await store.put('exports', 'doubtful-index', OLD, INDEX)
    link.cutAnswerAfter(0)
    const written = await store.put('exports', 'doubtful-index', NEW, { ...INDEX, onlyIf: seen })
    await store.put('exports', 'doubtful-index', OLD, { ...INDEX, onlyIf: written })
    expect(await contentsOf('doubtful-index')).toEqual(OLD)
  })

  test('a replacement that another writer has overtaken does not count', async () => {
    const seen = await store.put('exports', 'overtaken', OLD, INDEX)
    server.overwrite('exports', 'overtaken', Buffer.from('of another'))
    const attempt = store.put('exports', 'overtaken', NEW, { ...INDEX, onlyIf: seen })
    await expect(attempt).rejects.toMatchObject(CODE('object_changed'))
    expect((await contentsOf('overtaken')).toString()).toBe('of another')
  })
})

describe('conditions', () => {
  test('a write that meets another one is sent again', async () => {
    server.conflict(2)
    await store.create('exports', 'conflicting', NEW, ZIP)
    const seen = await store.put('exports', 'conflicting-index', OLD, INDEX)
    server.conflict(2)
    await store.put('exports', 'conflicting-index', NEW, { ...INDEX, onlyIf: seen })
    expect(await contentsOf('conflicting')).toEqual(NEW)
    expect(await contentsOf('conflicting-index')).toEqual(NEW)
  })

  test('nothing is written under a condition to a store that does not honour it', async () => {
    const careless = await started()
    careless.ignoreConditions(true)
    careless.overwrite('exports', 'published.zip', OLD)
    const unsafe = storeAt(careless.port, careless)
    const seen = (await unsafe.get('exports', 'published.zip', { signal })).version
    const attempts = [
      () => unsafe.create('exports', 'published.zip', NEW, ZIP),
      () => unsafe.put('exports', 'published.zip', NEW, { ...INDEX, onlyIf: seen }),
    ]
    for (const attempt of attempts)
      await expect(attempt()).rejects.toMatchObject({
        code: 'conditional_write_unsupported',
        message: expect.stringContaining('AWS_ENDPOINT_URL_S3'),
      })
    const { contents } = await unsafe.get('exports', 'published.zip', { signal })
    expect(Buffer.from(contents)).toEqual(OLD)
  })

  test('a store is tried once per bucket, and only for writes with a condition', async () => {
    const fresh = await started()
    const blobstore = storeAt(fresh.port, fresh)
    const tried = (bucket: string) =>
      fresh.requests.filter((one) => one === `PUT /${bucket}/.partial-conditions`).length
    await blobstore.put('exports', 'index.txt', OLD, INDEX)
    expect(tried('exports')).toBe(0)
    await blobstore.create('exports', '1.zip', OLD, ZIP)
    await blobstore.create('exports', '2.zip', OLD, ZIP)
    expect(tried('exports')).toBe(3)
    await blobstore.create('elsewhere', '1.zip', OLD, ZIP)
    expect(tried('elsewhere')).toBe(3)
  })

  test('a bucket of another kind of name than S3 has is refused', async () => {
    const attempt = store.put('a/b', 'name', NEW, INDEX)
    await expect(attempt).rejects.toMatchObject(CODE('invalid_bucket_name'))
  })
})

describe('BLOBSTORE=AWS_S3', () => {
  /** What a service does, in a process of its own. */
  const run = (variables: Record<string, string>) => {
    const code = `
      const { loadConfig } = await import('@ens/config')
      const { openBlobstore, storageConfig } = await import('@ens/storage')
      const store = await openBlobstore(loadConfig(storageConfig, process.env))
      const signal = AbortSignal.timeout(20_000)
      const put = { contentType: 'application/zip', cacheable: true, signal }
      return store.create('exports', 'by-settings', Buffer.from('new'), put).catch(({ code }) => ({ code }))`
    return runModule(code, { folder: import.meta.dirname, variables })
  }
  const environment = {
    BLOBSTORE: 'AWS_S3',
    AWS_S3_PATH_STYLE: 'true',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'not a secret: only for tests',
  }

  test('finds store, region and credentials in the environment, and only then loads the SDK', async () => {
    const inS3 = await run({ ...environment, AWS_ENDPOINT_URL_S3: server.url })
    expect(inS3.result).toHaveProperty('digest')
    expect(await contentsOf('by-settings')).toEqual(NEW)
    const onDisk = await run({ BLOBSTORE: 'FILESYSTEM', BLOBSTORE_FILESYSTEM_ROOT: '/nowhere' })
    const ofTheSdk = (url: string) => url.includes('@aws-sdk') || url.includes('@smithy')
    expect(inS3.loaded.some(ofTheSdk)).toBe(true)
    expect(onDisk.loaded.filter(ofTheSdk)).toEqual([])
  })

  test('does not start without a region', async () => {
    const { AWS_REGION, ...elsewhere } = environment
    const started = run({ ...elsewhere, HOME: '/nowhere', AWS_ENDPOINT_URL_S3: server.url })
    await expect(started).rejects.toThrow('AWS_REGION: required')
  })

  test('goes to no other store that only a shared file names', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'aws config ')), 'config')
    await writeFile(file, `[default]\nendpoint_url = ${server.url}\n`)
    const { result } = await run({ ...environment, AWS_CONFIG_FILE: file })
    expect(result).toEqual({ code: 'storage_access_denied' })
    expect(server.requests).toEqual([])
  })
})
