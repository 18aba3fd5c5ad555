import { createHash } from 'node:crypto'
import { afterEach, beforeAll, expect, test } from 'vitest'
import type { Blobstore } from '../blobstore.ts'
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

/** A store whose other end fails as it is told. */
export interface FailingBlobstore extends BlobstoreUnderTest {
  faults: {
    /** Whatever is asked is refused for want of a permission, until `recover`. */
    refusePermission(): void
    /** The next so many requests are too many. */
    throttle(requests: number): void
    /** The next so many requests meet an outage. */
    breakDown(requests: number): void
    recover(): void
  }
}

export function hangingPromises(open: () => Promise<Blobstore>): void {
  test('a store that hangs keeps nobody waiting past the signal', async () => {
    const cause = new Error('the deadline has passed')
    for (const operation of operationsOn(await open(), 'bucket', 'name')) {
      const deadline = new AbortController()
      const attempt = operation({ signal: deadline.signal })
      deadline.abort(cause)
      await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable', cause })
    }
  })
}

export function faultPromises(open: () => Promise<FailingBlobstore>): void {
  let subject: FailingBlobstore
  beforeAll(async () => {
    subject = await open()
    await subject.blobstore.put(subject.bucket, 'there', OLD, INDEX)
  })
  afterEach(() => subject.faults.recover())

  test('what this process may not do is refused with a code, and not done', async () => {
    const { blobstore, bucket, faults } = subject
    for (const operation of operationsOn(blobstore, bucket, 'there')) {
      faults.refusePermission()
      const refused = { code: 'storage_access_denied', kind: 'internal' }
      await expect(operation(call)).rejects.toMatchObject(refused)
      faults.recover()
      expect(await contentsOf(subject, 'there')).toEqual(OLD)
    }
  })

  test.each(['throttle', 'breakDown'] as const)(
    'a store that answers a while with %s is asked again until it has done what it was asked',
    async (fault) => {
      const { blobstore, bucket, faults } = subject
      const name = `patient/${fault}`
      faults[fault](2)
      const { digest } = await blobstore.create(bucket, name, NEW, ZIP)
      faults[fault](2)
      const written = await blobstore.put(bucket, name, OLD, INDEX)
      faults[fault](2)
      const { contents, version } = await blobstore.get(bucket, name, call)
      faults[fault](2)
      await blobstore.delete(bucket, name, call)
      expect(digest).toBe(createHash('sha256').update(NEW).digest('hex'))
      expect({ contents: Buffer.from(contents), version }).toEqual({
        contents: OLD,
        version: written,
      })
      await expect(contentsOf(subject, name)).rejects.toMatchObject(MISSING)
    },
  )

  test.each(['throttle', 'breakDown'] as const)(
    'a store that answers for good with %s keeps nobody past the deadline, and does nothing',
    async (fault) => {
      const { blobstore, bucket, faults } = subject
      for (const operation of operationsOn(blobstore, bucket, 'there')) {
        faults[fault](Number.POSITIVE_INFINITY)
        const attempt = operation({ signal: AbortSignal.timeout(150) })
        await expect(attempt).rejects.toMatchObject({ code: 'storage_unavailable' })
        // The last try may still be on its way; when a later one was refused, it was, too.
        const later = blobstore.get(bucket, 'there', { signal: AbortSignal.timeout(150) })
        await expect(later).rejects.toMatchObject({ code: 'storage_unavailable' })
        faults.recover()
        expect(await contentsOf(subject, 'there')).toEqual(OLD)
      }
    },
  )
}
