import { exportConfigs, sql } from '@ens/database'
import { aKey } from '@ens/domain/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type TestExporter, testExporter } from './testing/exporter.ts'

let exporter: TestExporter
afterEach(() => exporter.close())

const day5 = (time: string) => new Date(`2020-10-05T${time}:00Z`)
const numbersOf = (keys: { key: Uint8Array }[]) =>
  keys.map(({ key }) => Buffer.from(key).readUInt32BE()).sort((a, b) => a - b)

const statuses = () =>
  exporter.db.query<{ status: string; failures: number; last_error: string | null }>(
    sql`select status, failures, last_error from export_batch order by end_timestamp, id`,
  )

/** An exporter at noon: a config of hourly windows whose last one, from 10 to 11, is made. */
async function atNoon(settings: Parameters<typeof testExporter>[0] = {}): Promise<number> {
  exporter = await testExporter(settings)
  const signer = await exporter.addSigner()
  const config = await exporter.addConfig({ signatureInfoIds: [signer] })
  return config
}

async function publishAt(time: string, ...numbers: number[]): Promise<void> {
  for (const number of numbers) {
    await exporter.publish({ key: aKey(number), createdAt: day5(time) })
  }
}

const run = async () => {
  await exporter.createBatches()
  return exporter.doWork()
}

describe('a window', () => {
  beforeEach(async () => {
    await atNoon()
  })

  test('becomes an archive that phones find, verify and read', async () => {
    await publishAt('10:00', 2, 1)
    await publishAt('11:00', 3)

    expect(await run()).toEqual({ batches: 1, files: 1, keys: 2, postponed: 0 })

    expect(await exporter.download()).toEqual([
      {
        name: 'us/1601892000-1601895600-00001.zip',
        start: day5('10:00').getTime() / 1000,
        end: day5('11:00').getTime() / 1000,
        region: 'US',
        keys: [1, 2].map((number) => ({
          key: aKey(number),
          transmissionRisk: 2,
          intervalNumber: 2_669_616,
          intervalCount: 144,
          reportType: 'confirmed',
          daysSinceSymptomOnset: 3,
        })),
        revisedKeys: [],
        signedBy: ['v1'],
      },
    ])
  })

  test('has the headers that caches need', async () => {
    await publishAt('10:00', 1)
    await run()
    const { blobstore } = exporter
    expect(blobstore.names('exports')).toEqual([
      'us/1601892000-1601895600-00001.zip',
      'us/index.txt',
    ])
    expect(blobstore.find('exports', 'us/1601892000-1601895600-00001.zip')).toMatchObject({
      contentType: 'application/zip',
      cacheControl: 'public, max-age=86400',
    })
    expect(blobstore.find('exports', 'us/index.txt')).toMatchObject({
      contentType: 'text/plain',
      cacheControl: 'no-cache, max-age=0',
    })
  })

  test('without keys is complete without a file, and an empty index is written', async () => {
    expect(await run()).toEqual({ batches: 1, files: 0, keys: 0, postponed: 0 })
    expect(await exporter.download()).toEqual([])
    expect(await statuses()).toMatchObject([{ status: 'COMPLETE' }])
  })

  test('is done once: another run finds nothing and writes nothing', async () => {
    await publishAt('10:00', 1)
    await run()
    const before = await exporter.download()
    expect(await run()).toEqual({ batches: 0, files: 0, keys: 0, postponed: 0 })
    expect(await exporter.download()).toEqual(before)
  })

  test('a backlog is exported oldest first', async () => {
    await run()
    await publishAt('11:00', 1)
    await publishAt('12:00', 2)
    await publishAt('13:00', 3)
    exporter.at('2020-10-05T15:00')
    expect(await run()).toEqual({ batches: 3, files: 3, keys: 3, postponed: 0 })
    const archives = await exporter.download()
    expect(archives.map(({ keys }) => numbersOf(keys))).toEqual([[1], [2], [3]])
  })

  test('revised keys follow in the window of their revision, with all that was revised', async () => {
    await publishAt('10:00', 1, 2)
    await run()
    await exporter.revise(aKey(1), {
      reportType: 'negative',
      revisedAt: day5('11:00'),
      transmissionRisk: 6,
      daysSinceSymptomOnset: -2,
    })
    exporter.at('2020-10-05T13:00')
    await run()
    const [first, second] = await exporter.download()
    expect(numbersOf(first?.keys ?? [])).toEqual([1, 2])
    expect(second?.keys).toEqual([])
    expect(second?.revisedKeys).toEqual([
      expect.objectContaining({
        key: aKey(1),
        reportType: 'negative',
        transmissionRisk: 6,
        daysSinceSymptomOnset: -2,
      }),
    ])
  })

  test('that overlaps the one before, because the period was lengthened, is listed after it', async () => {
    await publishAt('10:00', 1)
    await publishAt('15:00', 2)
    await run()
    await exporter.db.execute(sql`update export_config set period_seconds = 86400`)
    exporter.at('2020-10-06T01:00')
    await run()
    const [first, second] = await exporter.download()
    expect(numbersOf(first?.keys ?? [])).toEqual([1])
    expect(second).toMatchObject({
      name: 'us/1601895600-1601942400-00001.zip',
      start: first?.end,
      end: Date.UTC(2020, 9, 6) / 1000,
    })
    expect(numbersOf(second?.keys ?? [])).toEqual([2])
  })

  test('keys of other regions stay out, and those of any of the regions are in', async () => {
    const signer = await exporter.addSigner()
    await exporter.addConfig({
      filenameRoot: 'north',
      inputRegions: ['CA', 'US'],
      excludeRegions: ['MX', 'GT'],
      outputRegion: 'NA',
      signatureInfoIds: [signer],
    })
    const createdAt = day5('10:00')
    await exporter.publish({ key: aKey(1), createdAt, regions: ['US'] })
    await exporter.publish({ key: aKey(2), createdAt, regions: ['CA'] })
    await exporter.publish({ key: aKey(3), createdAt, regions: ['MX'] })
    await exporter.publish({ key: aKey(4), createdAt, regions: ['US', 'GT'] })
    await run()
    const of = async (root: string) =>
      (await exporter.download(root)).map(({ keys, region }) => [region, ...numbersOf(keys)])
    expect(await of('us')).toEqual([['US', 1, 4]])
    expect(await of('north')).toEqual([['NA', 1, 2]])
  })
})

describe('a batch of more than one file', () => {
  test.each([1, 2, 3, 7, 20])(
    'of at most %i keys holds each key once',
    async (maxRecordsOverride) => {
      exporter = await testExporter()
      const signer = await exporter.addSigner()
      await exporter.addConfig({ signatureInfoIds: [signer], maxRecordsOverride })
      const numbers = Array.from({ length: 12 }, (_, i) => i + 1)
      await publishAt('09:00', ...numbers.slice(0, 4))
      for (const number of numbers.slice(0, 4))
        await exporter.revise(aKey(number), { revisedAt: day5('10:00') })
      await publishAt('10:00', ...numbers.slice(4))

      await run()

      const archives = await exporter.download()
      expect(archives).toHaveLength(Math.ceil(12 / maxRecordsOverride))
      expect(archives.flatMap(({ keys }) => numbersOf(keys)).sort((a, b) => a - b)).toEqual(
        numbers.slice(4),
      )
      expect(archives.flatMap(({ revisedKeys }) => numbersOf(revisedKeys)).sort()).toEqual(
        numbers.slice(0, 4),
      )
      const end = day5('11:00').getTime() / 1000
      const later = archives.map((_, i) => (archives.length > 1 ? end + i + 1 : end))
      expect(archives.map((archive) => archive.end)).toEqual(later)
    },
  )
})

describe('signing', () => {
  test('every signature info that is still valid signs, the newest first', async () => {
    exporter = await testExporter()
    const ended = await exporter.addSigner({ thru: day5('11:59') })
    const ending = await exporter.addSigner({ thru: day5('12:00') })
    const endless = await exporter.addSigner()
    await exporter.addConfig({ signatureInfoIds: [ended, ending, endless] })
    await publishAt('10:00', 1)
    await run()
    expect(await exporter.download()).toMatchObject([{ signedBy: ['v3', 'v2'] }])
  })

  test('without a live signing key nothing is published, loudly; with one it goes on by itself', async () => {
    exporter = await testExporter()
    const ended = await exporter.addSigner({ thru: day5('11:00') })
    await exporter.addConfig({ signatureInfoIds: [ended] })
    await publishAt('10:00', 1)
    await expect(run()).rejects.toMatchObject({ errors: [{ code: 'export_signer_missing' }] })
    expect(exporter.blobstore.names('exports')).toEqual([])
    expect(await statuses()).toEqual([
      {
        status: 'OPEN',
        failures: 1,
        last_error: expect.stringContaining('export_signer_missing: export config'),
      },
    ])
    await exporter.db.execute(sql`update signature_info set thru_timestamp = null`)
    expect(await run()).toMatchObject({ batches: 0 })
    exporter.advance(60_000)
    expect(await run()).toMatchObject({ batches: 1, files: 1 })
    expect(await exporter.download()).toHaveLength(1)
  })

  test('a window whose keys all ended while it waited leaves with those that its config names by then', async () => {
    exporter = await testExporter()
    const ended = await exporter.addSigner({ thru: day5('11:59') })
    const configId = await exporter.addConfig({ signatureInfoIds: [ended] })
    await publishAt('10:00', 1)
    await expect(run()).rejects.toMatchObject({ errors: [{ code: 'export_signer_missing' }] })
    const config = await exportConfigs.find(exporter.db, configId)
    if (!config) throw new Error('the config is gone')
    const signatureInfoIds = [ended, await exporter.addSigner()]
    await exportConfigs.update(exporter.db, { ...config, signatureInfoIds })
    exporter.advance(60_000)
    expect(await run()).toMatchObject({ batches: 1, files: 1 })
    expect(await exporter.download()).toMatchObject([{ signedBy: ['v2'] }])
  })

  test('a key that its config names since does not sign what another still can', async () => {
    exporter = await testExporter()
    const named = await exporter.addSigner()
    const configId = await exporter.addConfig({ signatureInfoIds: [named] })
    await publishAt('10:00', 1)
    await exporter.createBatches()
    const config = await exportConfigs.find(exporter.db, configId)
    if (!config) throw new Error('the config is gone')
    const signatureInfoIds = [await exporter.addSigner()]
    await exportConfigs.update(exporter.db, { ...config, signatureInfoIds })
    await exporter.doWork()
    expect(await exporter.download()).toMatchObject([{ signedBy: ['v1'] }])
  })

  test('a key that the key manager no longer has fails loudly', async () => {
    await atNoon()
    await publishAt('10:00', 1)
    await exporter.db.execute(sql`update signature_info set signing_key = '/system/export/9'`)
    await expect(run()).rejects.toMatchObject({ errors: [{ code: 'key_not_found' }] })
    expect(exporter.blobstore.names('exports')).toEqual([])
  })
})
