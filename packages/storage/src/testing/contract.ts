import { createHash, randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Blobstore, Version } from '../blobstore.ts'
import {
  type BlobstoreUnderTest,
  call,
  contentsOf,
  INDEX,
  MISSING,
  NEW,
  OLD,
  operationsOn,
  ZIP,
} from './operations.ts'
import { type FailingBlobstore, faultPromises, hangingPromises } from './trouble.ts'

export type { BlobstoreUnderTest } from './operations.ts'

export interface BlobstoreContractOptions {
  /** Opens one whose other end never answers; every provider with another end needs it. */
  hanging?: () => Promise<Blobstore>
  /** Opens one whose other end can be told to fail; every provider with another end of our own needs it. */
  failing?: () => Promise<FailingBlobstore>
}

const BIG_BYTES = 20_000_000

type Subject = () => BlobstoreUnderTest

/**
 * What every blob store promises; what it declares that it cannot must fail with its code.
 * A function alone as the last argument is `hanging`.
 */
export function blobstoreContract(
  name: string,
  open: () => Promise<BlobstoreUnderTest>,
  options: (() => Promise<Blobstore>) | BlobstoreContractOptions = {},
): void {
  const { hanging, failing } = typeof options === 'function' ? { hanging: options } : options
  describe(`the blob store ${name}`, () => {
    let subject: BlobstoreUnderTest
    beforeAll(async () => {
      subject = await open()
    })
    createPromises(() => subject)
    putPromises(() => subject)
    conditionalPutPromises(() => subject)
    deletePromises(() => subject)
    namePromises(() => subject)
    headerPromises(() => subject)
    sizePromises(() => subject)
    failurePromises(() => subject)
    if (hanging) hangingPromises(hanging)
    if (failing) faultPromises(failing)
  })
}

function createPromises(subject: Subject): void {
  test('what is created can be read, and its digest is the SHA-256 of its bytes', async () => {
    const { blobstore, bucket } = subject()
    const { digest } = await blobstore.create(bucket, 'us/created.zip', NEW, ZIP)
    expect(digest).toBe(createHash('sha256').update(NEW).digest('hex'))
    expect(await contentsOf(subject(), 'us/created.zip')).toEqual(NEW)
  })

  test('an object that exists is not created again, and keeps its bytes', async () => {
    const { blobstore, bucket } = subject()
    await blobstore.create(bucket, 'us/once.zip', OLD, ZIP)
    const attempt = blobstore.create(bucket, 'us/once.zip', NEW, ZIP)
    await expect(attempt).rejects.toMatchObject({ code: 'object_exists', kind: 'conflict' })
    expect(await contentsOf(subject(), 'us/once.zip')).toEqual(OLD)
  })

  test('of many that create the same object at once, exactly one succeeds', async () => {
    const { blobstore, bucket } = subject()
    const writers = [1, 2, 3, 4, 5, 6].map((n) => Buffer.from(`writer ${n}`))
    const outcomes = await Promise.allSettled(
      writers.map((bytes) => blobstore.create(bucket, 'us/raced.zip', bytes, ZIP)),
    )
    const winners = writers.filter((_, index) => outcomes[index]?.status === 'fulfilled')
    expect(winners).toEqual([await contentsOf(subject(), 'us/raced.zip')])
  })

  test('an empty object and a big one come back byte by byte', async () => {
    const { blobstore, bucket } = subject()
    const big = randomBytes(BIG_BYTES)
    await blobstore.create(bucket, 'empty', Buffer.alloc(0), ZIP)
    await blobstore.create(bucket, 'big', big, ZIP)
    expect(await contentsOf(subject(), 'empty')).toEqual(Buffer.alloc(0))
    expect(big.equals(await contentsOf(subject(), 'big'))).toBe(true)
  })

  test('a writer may reuse its buffer afterwards', async () => {
    const { blobstore, bucket } = subject()
    const buffer = Buffer.from('kept')
    await blobstore.create(bucket, 'kept', buffer, ZIP)
    buffer.fill(0)
    expect(await contentsOf(subject(), 'kept')).toEqual(Buffer.from('kept'))
  })
}

function putPromises(subject: Subject): void {
  test('what was put last is read, with the version that putting returned', async () => {
    const { blobstore, bucket } = subject()
    const first = await blobstore.put(bucket, 'us/index.txt', OLD, INDEX)
    const second = await blobstore.put(bucket, 'us/index.txt', NEW, INDEX)
    const { contents, version } = await blobstore.get(bucket, 'us/index.txt', call)
    expect(Buffer.from(contents)).toEqual(NEW)
    expect(version).toBe(second)
    expect(version).not.toBe(first)
  })

  test('a reader sees one version or another, never a mixture', async () => {
    const { blobstore, bucket } = subject()
    const versions = ['a', 'b', 'c', 'd'].map((letter) => Buffer.alloc(500_000, letter))
    await blobstore.put(bucket, 'changing', versions[0] ?? OLD, INDEX)
    const writing = versions.map((bytes) => blobstore.put(bucket, 'changing', bytes, INDEX))
    const seen = await Promise.all(versions.map(() => contentsOf(subject(), 'changing')))
    await Promise.all(writing)
    for (const bytes of seen) expect(versions.some((version) => version.equals(bytes))).toBe(true)
  })
}

function conditionalPutPromises(subject: Subject): void {
  test('a writer replaces only the version that it has seen', async () => {
    const { blobstore, bucket } = subject()
    const seen = await blobstore.put(bucket, 'conditional', OLD, INDEX)
    const attempt = () => blobstore.put(bucket, 'conditional', NEW, { ...INDEX, onlyIf: seen })
    if (!blobstore.capabilities.conditionalPut) {
      const unsupported = { code: 'conditional_write_unsupported' }
      return expect(attempt()).rejects.toMatchObject(unsupported)
    }
    await attempt()
    await expect(attempt()).rejects.toMatchObject({ code: 'object_changed', kind: 'conflict' })
    expect(await contentsOf(subject(), 'conditional')).toEqual(NEW)
  })

  test('a version of an object that was deleted is not brought back', async () => {
    const { blobstore, bucket } = subject()
    if (!blobstore.capabilities.conditionalPut) return expectUnconditional(blobstore)
    const seen = await blobstore.put(bucket, 'deleted-meanwhile', OLD, INDEX)
    await blobstore.delete(bucket, 'deleted-meanwhile', call)
    const attempt = blobstore.put(bucket, 'deleted-meanwhile', NEW, { ...INDEX, onlyIf: seen })
    await expect(attempt).rejects.toMatchObject({ code: 'object_changed' })
    await expect(contentsOf(subject(), 'deleted-meanwhile')).rejects.toMatchObject(MISSING)
  })

  test('of many that replace the same version at once, exactly one succeeds', async () => {
    const { blobstore, bucket } = subject()
    if (!blobstore.capabilities.conditionalPut) return expectUnconditional(blobstore)
    const onlyIf = await blobstore.put(bucket, 'raced-index', OLD, INDEX)
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4].map((n) => {
        return blobstore.put(bucket, 'raced-index', Buffer.from(`${n}`), { ...INDEX, onlyIf })
      }),
    )
    const succeeded = outcomes.filter(({ status }) => status === 'fulfilled')
    expect(succeeded).toHaveLength(1)
  })
}

function deletePromises(subject: Subject): void {
  test('deletes twice without complaint', async () => {
    const { blobstore, bucket } = subject()
    await blobstore.create(bucket, 'us/deleted.zip', OLD, ZIP)
    await blobstore.delete(bucket, 'us/deleted.zip', call)
    await blobstore.delete(bucket, 'us/deleted.zip', call)
    await blobstore.delete(bucket, 'nowhere/deleted.zip', call)
    await expect(contentsOf(subject(), 'us/deleted.zip')).rejects.toMatchObject(MISSING)
  })

  test('a deleted name can be used again', async () => {
    const { blobstore, bucket } = subject()
    await blobstore.create(bucket, 'used-again', OLD, ZIP)
    await blobstore.delete(bucket, 'used-again', call)
    await blobstore.create(bucket, 'used-again', NEW, ZIP)
    expect(await contentsOf(subject(), 'used-again')).toEqual(NEW)
  })
}

const ODD_NAMES = [
  'with blank',
  'plus+and&',
  'per%2Fcent',
  'question?',
  'hash#',
  'ü/日本/🦠',
  "it's",
]
const BAD_NAMES = [
  '',
  '/',
  '/abs',
  '..',
  '../x',
  'a/../b',
  'a//b',
  'a/',
  './a',
  'a\\b',
  'a\0b',
  'a\nb',
]
const TOO_LONG = ['x'.repeat(256), 'x/'.repeat(600)]

function namePromises(subject: Subject): void {
  test.each(ODD_NAMES)('%j is a name like any other', async (name) => {
    const { blobstore, bucket } = subject()
    await blobstore.create(bucket, `odd/${name}`, Buffer.from(name), ZIP)
    expect((await contentsOf(subject(), `odd/${name}`)).toString()).toBe(name)
    await blobstore.delete(bucket, `odd/${name}`, call)
    await expect(contentsOf(subject(), `odd/${name}`)).rejects.toMatchObject(MISSING)
  })

  test.each([...BAD_NAMES, ...TOO_LONG, '.partial-x', 'a/.partial-x/b'])(
    'no object can be called %j, nor read or deleted by that name',
    async (name) => {
      const { blobstore, bucket } = subject()
      for (const operation of operationsOn(blobstore, bucket, name)) {
        await expect(operation(call)).rejects.toMatchObject({ code: 'invalid_object_name' })
      }
    },
  )

  test.each(BAD_NAMES)('no bucket can be called %j', async (bucket) => {
    for (const operation of operationsOn(subject().blobstore, bucket, 'name')) {
      await expect(operation(call)).rejects.toMatchObject({ code: 'invalid_bucket_name' })
    }
  })
}

function headerPromises(subject: Subject): void {
  test('devices are told the content type, and that only export files may be cached', async () => {
    const { blobstore, bucket, headersOf } = subject()
    if (!headersOf) return expect(blobstore.capabilities.headers).toBe(false)
    await blobstore.create(bucket, 'headers.zip', OLD, ZIP)
    await blobstore.put(bucket, 'headers.txt', OLD, INDEX)
    expect(await headersOf('headers.zip')).toEqual({
      contentType: 'application/zip',
      cacheControl: 'public, max-age=86400',
    })
    expect(await headersOf('headers.txt')).toEqual({
      contentType: 'text/plain',
      cacheControl: 'no-cache, max-age=0',
    })
  })
}

function failurePromises(subject: Subject): void {
  test('an object that was never there is not found', async () => {
    await expect(contentsOf(subject(), 'us/never.zip')).rejects.toMatchObject(MISSING)
    await expect(contentsOf(subject(), 'never/us/never.zip')).rejects.toMatchObject(MISSING)
  })

  test('a bucket that does not exist is an error, and is not made', async () => {
    const { blobstore, missingBucket } = subject()
    for (const operation of operationsOn(blobstore, missingBucket, 'name')) {
      const outcome = { code: 'bucket_not_found', kind: 'not-found' }
      await expect(operation(call)).rejects.toMatchObject(outcome)
    }
  })

  test('does nothing for a caller that has stopped waiting', async () => {
    const { blobstore, bucket } = subject()
    const cause = new Error('the deadline has passed')
    for (const operation of operationsOn(blobstore, bucket, 'too-late')) {
      const attempt = operation({ signal: AbortSignal.abort(cause) })
      await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable', cause })
    }
    await expect(contentsOf(subject(), 'too-late')).rejects.toMatchObject(MISSING)
  })
}

function sizePromises(subject: Subject): void {
  test('no more is read than the caller takes', async () => {
    const { blobstore, bucket } = subject()
    const contents = randomBytes(300_000)
    await blobstore.create(bucket, 'large', contents, ZIP)
    for (const maxBytes of [0, 1, 100_000, 299_999]) {
      const attempt = blobstore.get(bucket, 'large', { ...call, maxBytes })
      await expect(attempt).rejects.toMatchObject({ code: 'blob_too_large', kind: 'internal' })
    }
    const { contents: read } = await blobstore.get(bucket, 'large', { ...call, maxBytes: 300_000 })
    expect(contents.equals(read)).toBe(true)
  })
}

async function expectUnconditional(store: Blobstore): Promise<void> {
  const attempt = store.put('any', 'any', NEW, { ...INDEX, onlyIf: 'any' as Version })
  await expect(attempt).rejects.toMatchObject({ code: 'conditional_write_unsupported' })
}
