import { readFileSync } from 'node:fs'
import { exportBatches, exposures, sql } from '@ens/database'
import { aKey } from '@ens/domain/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { cryptoRandom } from './deps.ts'
import { generate, settle } from './pad-exposures.ts'
import {
  type DownloadedArchive,
  steadyRandom,
  type TestExporter,
  testExporter,
} from './testing/exporter.ts'

interface Gate {
  primary: number
  revised: number
  max_records: number
  min_records: number
  padding_runs: boolean
  wanted_padding_runs?: boolean
}

const vectors: { padding_gate: Gate[] } = JSON.parse(
  readFileSync(new URL('../testdata/export-grouping.json', import.meta.url), 'utf8'),
)

let exporter: TestExporter
afterEach(() => exporter.close())

const day5 = (time: string) => new Date(`2020-10-05T${time}:00Z`)

async function open(settings: Parameters<typeof testExporter>[0]): Promise<number[]> {
  exporter = await testExporter({ paddingRange: 0, ...settings })
  return [await exporter.addSigner()]
}

/** So many keys of the window from 10 to 11, with other metadata each if there are names for them. */
async function store(count: number, { revised = 0, region = 'US', at = '10:00', from = 0 } = {}) {
  await exporter.db.execute(sql`
    insert into exposure (exposure_key, created_at, revised_at, revised_report_type,
      revised_transmission_risk, report_type, transmission_risk, regions, traveler,
      local_provenance, interval_number, interval_count, app_package_name)
    select decode(lpad(to_hex(i + ${revised === 0 ? from : 500_000}), 32, '0'), 'hex'),
      ${revised === 0 ? day5(at) : day5('08:00')}, ${revised === 0 ? null : day5(at)},
      ${revised === 0 ? null : 'confirmed'}::report_type, ${revised === 0 ? null : 2}::smallint,
      'likely', i % 8, ${[region]}::text[], false, true, 2669616 + i % 14, 144, 'app'
    from generate_series(1, ${revised || count}) as i`)
}

const run = async () => {
  await exporter.createBatches()
  return exporter.doWork()
}

const keysOf = (archives: DownloadedArchive[]) =>
  archives.flatMap(({ keys }) => keys.map(({ key }) => Buffer.from(key).toString('hex')))

const storedGenerated = async () => {
  const rows = await exporter.db.query<{ exposure_key: Buffer }>(sql`
    select exposure_key from exposure where app_package_name = ${exposures.GENERATED}`)
  return rows.map((row) => row.exposure_key.toString('hex'))
}

describe('whether a batch is filled up', () => {
  test.each(vectors.padding_gate)(
    '$primary keys, $revised revised, of a minimum of $min_records, $max_records in a file',
    async ({ primary, revised, max_records, min_records, ...wanted }) => {
      const signatureInfoIds = await open({ minRecords: min_records })
      await exporter.addConfig({ signatureInfoIds, maxRecordsOverride: max_records })
      await store(primary)
      if (revised > 0) await store(0, { revised })
      await run()
      const isFilledUp = wanted.wanted_padding_runs ?? wanted.padding_runs
      const archives = await exporter.download()
      expect(keysOf(archives)).toHaveLength(isFilledUp ? min_records : primary)
      for (const { keys, revisedKeys } of archives)
        expect(keys.length + revisedKeys.length).toBeLessThanOrEqual(max_records)
    },
  )
})

describe('a batch that is filled up', () => {
  test('holds a random number of keys from the minimum to the range above it, none of them twice', async () => {
    const totals = new Set<number>()
    for (const seed of [1, 2, 3]) {
      const signatureInfoIds = await open({ minRecords: 100, paddingRange: 10 })
      for (let i = 0; i < seed; i++) exporter.deps.random.below(2)
      await exporter.addConfig({ signatureInfoIds })
      await store(3)
      await run()
      const keys = keysOf(await exporter.download())
      expect(new Set(keys).size).toBe(keys.length)
      expect(keys.length).toBeGreaterThanOrEqual(100)
      expect(keys.length).toBeLessThanOrEqual(110)
      totals.add(keys.length)
      if (seed < 3) await exporter.close()
    }
    expect(totals.size).toBeGreaterThan(1)
  })

  test('has all its generated keys stored, however many go into one statement', async () => {
    const signatureInfoIds = await open({ minRecords: 250, insertBatchSize: 100 })
    await exporter.addConfig({ signatureInfoIds })
    await store(1)
    await run()
    const stored = await storedGenerated()
    expect(stored).toHaveLength(249)
    expect(keysOf(await exporter.download())).toEqual(expect.arrayContaining(stored))
  })

  test('shows the same to every export that covers it, and they need no more', async () => {
    const signatureInfoIds = await open({ minRecords: 100, paddingRange: 50 })
    await exporter.addConfig({
      filenameRoot: 'both',
      periodSeconds: 7200,
      signatureInfoIds,
      inputRegions: ['US', 'CA'],
    })
    await exporter.addConfig({ filenameRoot: 'us', signatureInfoIds })
    await store(3, { at: '09:00' })
    exporter.at('2020-10-05T11:00')
    await run()
    const [us, both] = [
      keysOf(await exporter.download('us')),
      keysOf(await exporter.download('both')),
    ]
    expect(us.length).toBeGreaterThanOrEqual(100)
    expect(both.sort()).toEqual(us.sort())
    expect(await storedGenerated()).toHaveLength(us.length - 3)
  })

  test.each([
    ['the wider one made first', ['US', 'CA'], ['US']],
    ['the narrower one made first', ['US'], ['US', 'CA']],
  ])('shows the same in two exports of one window, %s', async (_, first, second) => {
    const signatureInfoIds = await open({ minRecords: 20 })
    for (const inputRegions of [first, second])
      await exporter.addConfig({
        ...{ filenameRoot: inputRegions.join('-'), signatureInfoIds, inputRegions },
      })
    await store(2)
    await exporter.publish({ key: aKey(99), createdAt: day5('10:00'), regions: ['CA'] })
    await run()
    const narrow = keysOf(await exporter.download('US'))
    const wide = keysOf(await exporter.download('US-CA'))
    expect(narrow).toHaveLength(20)
    expect(wide).toEqual(expect.arrayContaining(narrow))
  })

  test('shows what a longer window of fewer regions needs in the shorter one that ends with it', async () => {
    const signatureInfoIds = await open({ minRecords: 20 })
    const hours = { filenameRoot: 'hours', inputRegions: ['US', 'CA'], signatureInfoIds }
    await exporter.addConfig(hours)
    await exporter.addConfig({ filenameRoot: 'us', periodSeconds: 7200, signatureInfoIds })
    await store(1, { at: '08:00' })
    await store(30, { at: '08:00', region: 'CA', from: 100 })
    exporter.at('2020-10-05T10:00')
    await run()
    expect(await storedGenerated()).toEqual([])
    exporter.at('2020-10-05T11:00')
    await run()
    const us = keysOf(await exporter.download('us'))
    // 19 of them are in an hour that had none, which needs one more.
    expect(us).toHaveLength(21)
    expect(keysOf(await exporter.download('hours'))).toEqual(expect.arrayContaining(us))
  })

  test('leaves no other with too few, though it was empty before', async () => {
    const signatureInfoIds = await open({ minRecords: 20 })
    await exporter.addConfig({ filenameRoot: 'hours', signatureInfoIds })
    await exporter.addConfig({ filenameRoot: 'us', periodSeconds: 7200, signatureInfoIds })
    await exporter.publish({ key: aKey(1), createdAt: day5('08:00'), regions: ['US'] })
    exporter.at('2020-10-05T10:00')
    await run()
    // Without this key the longer window has one too few, and is given one in the hour that had none.
    await exporter.revise(aKey(1), { revisedAt: day5('09:00'), reportType: 'negative' })
    exporter.at('2020-10-05T11:00')
    await run()
    const lengths = (await exporter.download('hours')).map(({ keys }) => keys.length)
    expect(lengths).toEqual([20, 20])
    expect(keysOf(await exporter.download('us'))).toHaveLength(39)
  })

  test('waits for another worker that is settling no longer than it should', async () => {
    const signatureInfoIds = await open({ minRecords: 20 })
    await exporter.addConfig({ signatureInfoIds })
    await exporter.createBatches()
    const [batch] = await exportBatches.listUnfinished(exporter.db, 1)
    if (!batch) throw new Error('no batch was made')
    const settled = await exporter.db.transaction(async (tx) => {
      expect(await exportBatches.lockSettling(tx, 1000)).toBe(true)
      return settle(exporter.deps, batch, 1)
    })
    expect(settled).toBe(false)
    expect(await settle(exporter.deps, batch, 1000)).toBe(true)
  })

  test('is filled up once, though it fails at first and is tried again', async () => {
    await open({ minRecords: 100, paddingRange: 50 })
    await exporter.addConfig({ signatureInfoIds: [] })
    await store(3)
    await expect(run()).rejects.toThrow()
    const stored = await storedGenerated()
    await exporter.db.execute(sql`
      update export_batch set signature_info_ids = array(select id from signature_info)`)
    exporter.advance(60_000)
    await run()
    expect((await storedGenerated()).sort()).toEqual(stored.sort())
    expect(keysOf(await exporter.download())).toHaveLength(stored.length + 3)
  })

  test('is not held up by a failing one whose window it overlaps', async () => {
    const signatureInfoIds = await open({ minRecords: 10 })
    await exporter.addConfig({ filenameRoot: 'hours', signatureInfoIds: [] })
    await exporter.addConfig({ filenameRoot: 'us', periodSeconds: 7200, signatureInfoIds })
    exporter.at('2020-10-05T10:00')
    await run()
    await store(1, { at: '09:00' })
    exporter.at('2020-10-05T11:00')
    await expect(run()).rejects.toThrow()
    expect(keysOf(await exporter.download('us'))).toHaveLength(10)
    const unsettled = sql`select id from export_batch where settled_at is null`
    expect(await exporter.db.query(unsettled)).toEqual([])
  })
})

describe('generated keys', () => {
  const present = [1, 2, 3].map((number) => ({
    ...{ key: aKey(number), isGenerated: false },
    createdAt: day5(`0${number}:00`),
  }))

  test('share their metadata with the published ones, evenly', async () => {
    await open({})
    const random = steadyRandom()
    const generated = generate(3000, { present, earliest: undefined }, random)
    const counts = present.map(
      ({ key }) => generated.filter(({ model }) => model.equals(key)).length,
    )
    for (const count of counts) expect(count).toBeGreaterThan(900)
    // Equal counts would tell how many keys there were.
    expect(new Set(counts).size).toBeGreaterThan(1)
  })

  test('are made after published ones, as long as there is one', async () => {
    await open({})
    const others = [{ key: aKey(9), isGenerated: true, createdAt: day5('01:00') }]
    const models = (given: exposures.Present[]) => {
      const generated = generate(50, { present: given, earliest: undefined }, cryptoRandom)
      return [...new Set(generated.map(({ model }) => model.readUInt32BE()))].sort()
    }
    expect(models([...others, ...present])).toEqual([1, 2, 3])
    expect(models(others)).toEqual([9])
  })

  test('are dated after what other archives have shown already', async () => {
    await open({})
    const generated = generate(50, { present, earliest: day5('02:00') }, cryptoRandom)
    const dates = new Set(generated.map(({ createdAt }) => createdAt.getUTCHours()))
    expect([...dates].sort()).toEqual([2, 3])
  })

  test('are 16 bytes that nobody can predict', async () => {
    await open({})
    const keys = generate(100, { present, earliest: undefined }, cryptoRandom).map(({ key }) => key)
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(100)
    expect(new Set(keys.map((key) => key.length))).toEqual(new Set([16]))
  })
})
