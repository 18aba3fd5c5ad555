import { sql } from '@ens/database'
import { aKey } from '@ens/domain/testing'
import { objectNotFound, storageUnavailable } from '@ens/storage'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ExportDeps } from './deps.ts'
import { BUCKET, type TestExporter, testExporter } from './testing/exporter.ts'
import { hookedBlobstore, hookedDatabase } from './testing/faults.ts'
import { workBatches } from './work-batches.ts'

const NAME = 'us/1601892000-1601895600-00001.zip'
const LEASE_IS_OVER_MS = 6 * 60_000

let exporter: TestExporter
beforeEach(async () => {
  exporter = await testExporter()
  await exporter.addConfig({ signatureInfoIds: [await exporter.addSigner()] })
  await exporter.publish({ key: aKey(1), createdAt: new Date('2020-10-05T10:00:00Z') })
  await exporter.createBatches()
})
afterEach(() => exporter.close())

const { signal } = new AbortController()
const workWith = (changes: Partial<ExportDeps>) =>
  workBatches({ ...exporter.deps, ...changes }, signal)
const contentsOf = (name: string) =>
  Buffer.from(exporter.blobstore.find(BUCKET, name)?.contents ?? [])
const firstError = (code: string) =>
  expect.objectContaining({ errors: [expect.objectContaining({ code })] })

/** A run that dies right after a step, before it can put anything in order. */
async function dieAfter(step: string): Promise<void> {
  let dead = false
  const hook = (at: string) => {
    if (dead) throw new Error('dead')
    if (at === step) {
      dead = true
      throw new Error('dying')
    }
  }
  const { db, blobstore } = exporter.deps
  const dying = { db: hookedDatabase(db, hook), blobstore: hookedBlobstore(blobstore, hook) }
  await expect(workWith(dying)).rejects.toThrow()
  exporter.advance(LEASE_IS_OVER_MS)
}

describe('an archive that an earlier try uploaded', () => {
  beforeEach(() => dieAfter('after create'))

  test('is kept as it is, signature and all', async () => {
    const uploaded = contentsOf(NAME)
    expect(uploaded.length).toBeGreaterThan(0)
    await exporter.doWork()
    expect(contentsOf(NAME).equals(uploaded)).toBe(true)
    expect(await exporter.download()).toHaveLength(1)
  })

  test('is replaced if the keys have changed since, because nobody has seen it', async () => {
    const uploaded = contentsOf(NAME)
    await exporter.publish({ key: aKey(2), createdAt: new Date('2020-10-05T10:00:00Z') })
    await exporter.doWork()
    expect(contentsOf(NAME).equals(uploaded)).toBe(false)
    expect((await exporter.download())[0]?.keys).toHaveLength(2)
  })

  test('is replaced if it is not what was recorded', async () => {
    const options = { contentType: 'application/zip', cacheable: true, signal }
    await exporter.blobstore.put(BUCKET, NAME, Buffer.from('half'), options)
    await exporter.doWork()
    expect(await exporter.download()).toHaveLength(1)
  })

  test('is replaced if other keys have to sign now', async () => {
    const id = await exporter.addSigner()
    await exporter.db.execute(
      sql`update export_batch set signature_info_ids = array[${id}::integer]`,
    )
    await exporter.doWork()
    expect(await exporter.download()).toMatchObject([{ signedBy: ['v2'] }])
  })
})

describe('an object that is in the way', () => {
  const put = (name: string, contents: string) =>
    exporter.blobstore.put(BUCKET, name, Buffer.from(contents), {
      ...{ contentType: 'text/plain', cacheable: true, signal },
    })

  test('is replaced if it was never listed', async () => {
    await put(NAME, 'what a former life left')
    await exporter.doWork()
    expect(await exporter.download()).toHaveLength(1)
  })

  test('stays if an index lists it, even one that the database knows nothing of', async () => {
    await put(NAME, 'published')
    await put('us/index.txt', NAME)
    await expect(exporter.doWork()).rejects.toEqual(firstError('export_name_taken'))
    expect(contentsOf(NAME).toString()).toBe('published')
  })

  test('stays if another worker has replaced it meanwhile', async () => {
    await put(NAME, 'old')
    const slow = hookedBlobstore(exporter.deps.blobstore, async (step) => {
      if (step === 'before put') await put(NAME, 'of another worker')
    })
    await expect(workWith({ blobstore: slow })).rejects.toEqual(firstError('object_changed'))
    expect(contentsOf(NAME).toString()).toBe('of another worker')
  })
})

describe('what does not read back', () => {
  test.each([
    ['as it was written', () => Buffer.from('noise')],
    ['at all', () => undefined],
  ])('%s is not published, and the next try mends it', async (_, read) => {
    const { blobstore } = exporter.deps
    const broken: ExportDeps['blobstore'] = {
      ...blobstore,
      async get(bucket, name, options) {
        const object = await blobstore.get(bucket, name, options)
        const contents = name === NAME ? read() : object.contents
        if (!contents) throw objectNotFound()
        return { ...object, contents }
      },
    }
    await expect(workWith({ blobstore: broken })).rejects.toEqual(
      firstError('export_archive_damaged'),
    )
    expect(exporter.blobstore.find(BUCKET, 'us/index.txt')).toBeUndefined()
    exporter.advance(60_000)
    await exporter.doWork()
    expect(await exporter.download()).toHaveLength(1)
  })

  test('because its signature is not the public key’s is not published', async () => {
    const { keyManager } = exporter.deps
    const other = await keyManager.signer(
      await keyManager.createSigningKeyVersion(await keyManager.createSigningKey('a', 'b')),
    )
    const wrong: ExportDeps['keyManager'] = {
      ...keyManager,
      signer: async (id) => ({
        ...(await keyManager.signer(id)),
        sign: (digest) => other.sign(digest),
      }),
    }
    await expect(workWith({ keyManager: wrong })).rejects.toEqual(
      firstError('export_archive_damaged'),
    )
    expect(exporter.blobstore.find(BUCKET, 'us/index.txt')).toBeUndefined()
  })
})

test('a store that is out of reach fails the batch, and nothing else', async () => {
  const unreachable = hookedBlobstore(exporter.deps.blobstore, () => {
    throw storageUnavailable()
  })
  await expect(workWith({ blobstore: unreachable })).rejects.toEqual(
    firstError('storage_unavailable'),
  )
  exporter.advance(60_000)
  expect(await exporter.doWork()).toMatchObject({ batches: 1 })
})

describe('a worker whose batch was taken over', () => {
  /** So that the two workers' archives differ. */
  const anotherKey = () =>
    exporter.publish({ key: aKey(2), createdAt: new Date('2020-10-05T10:00:00Z') })

  test('changes nothing any more, before its archive is created', async () => {
    let published = Buffer.alloc(0)
    // The other worker dies before its index lists the archive, so that only the database knows of it.
    const dying = hookedBlobstore(exporter.deps.blobstore, (step) => {
      if (step === 'before create' && published.length > 0) throw new Error('dying')
      if (step === 'after create') published = contentsOf(NAME)
    })
    const stalling = hookedBlobstore(exporter.deps.blobstore, async (step) => {
      if (step !== 'before create' || published.length > 0) return
      exporter.advance(LEASE_IS_OVER_MS)
      await anotherKey()
      await expect(workWith({ blobstore: dying })).rejects.toThrow()
    })
    await expect(workWith({ blobstore: stalling })).rejects.toEqual(firstError('export_lease_lost'))
    expect(contentsOf(NAME).equals(published)).toBe(true)
    await exporter.doWork()
    expect(await exporter.download()).toHaveLength(1)
  })

  test('does not complete it, after its archive is there', async () => {
    const stalling = hookedBlobstore(exporter.deps.blobstore, async (step) => {
      if (step === 'after create')
        await exporter.db.execute(sql`update export_batch set lease_token = gen_random_uuid()`)
    })
    await expect(workWith({ blobstore: stalling })).rejects.toEqual(firstError('export_lease_lost'))
    const complete = sql`select from export_file where status = 'COMPLETE'`
    expect(await exporter.db.query(complete)).toEqual([])
  })

  test('changes nothing any more, while it replaces what was in the way', async () => {
    const options = { contentType: 'text/plain', cacheable: true, signal }
    await exporter.blobstore.put(BUCKET, NAME, Buffer.from('old'), options)
    let published = Buffer.alloc(0)
    const stalling = hookedBlobstore(exporter.deps.blobstore, async (at) => {
      if (at !== 'before put' || published.length > 0) return
      exporter.advance(LEASE_IS_OVER_MS)
      await anotherKey()
      await exporter.doWork()
      published = contentsOf(NAME)
    })
    await expect(workWith({ blobstore: stalling })).rejects.toThrow()
    expect(contentsOf(NAME).equals(published)).toBe(true)
    expect(await exporter.download()).toHaveLength(1)
  })
})

test('a name that another batch has published is not taken from it', async () => {
  await exporter.doWork()
  await exporter.db.execute(sql`update export_config set filename_root = 'elsewhere'`)
  await exporter.addConfig({ filenameRoot: 'us', signatureInfoIds: [1] })
  await exporter.createBatches()
  const before = contentsOf(NAME)
  await expect(exporter.doWork()).rejects.toEqual(firstError('export_name_taken'))
  expect(contentsOf(NAME).equals(before)).toBe(true)
})

test('a raised reprocess count moves the names, and nothing inside', async () => {
  await workWith({ settings: { ...exporter.deps.settings, reprocessCount: 2 } })
  const [archive] = await exporter.download()
  expect(archive?.name).toBe('us/1601892002-1601895602-00001.zip')
  expect([archive?.start, archive?.end]).toEqual([1_601_892_000, 1_601_895_600])
})

test('a window of many keys reaches its archives whole, page by page', async () => {
  await exporter.db.execute(sql`update export_batch set max_records_override = 7000`)
  await exporter.db.execute(sql`
    insert into exposure (exposure_key, created_at, report_type, transmission_risk, regions, traveler,
      local_provenance, interval_number, interval_count, app_package_name)
    select decode(lpad(to_hex(i), 32, '0'), 'hex'), '2020-10-05T10:00Z', 'likely', i % 8, '{US}', false,
      true, 2669616 + i % 3, 144, 'app'
    from generate_series(1, 29999) as i`)
  expect(await exporter.doWork()).toMatchObject({ files: 5, keys: 30_000 })
  const archives = await exporter.download()
  expect(archives.map(({ keys }) => keys.length)).toEqual([7000, 7000, 7000, 7000, 2000])
  const keys = archives.flatMap((archive) =>
    archive.keys.map(({ key }) => Buffer.from(key).toString('hex')),
  )
  expect(new Set(keys).size).toBe(30_000)
})
