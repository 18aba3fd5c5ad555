import { exposures, sql } from '@ens/database'
import { aKey } from '@ens/domain/testing'
import { parseIndex } from '@ens/export-file'
import { expect, test } from 'vitest'
import { createBatches } from './create-batches.ts'
import type { ExportDeps } from './deps.ts'
import {
  BUCKET,
  type DownloadedArchive,
  type TestExporter,
  testExporter,
} from './testing/exporter.ts'
import {
  faultAt,
  hookedBlobstore,
  hookedDatabase,
  hookedKeyManager,
  killAfter,
} from './testing/faults.ts'
import { workBatches } from './work-batches.ts'

/*
 * A morning with everything in it: two configs whose windows and regions overlap, one of them cut into files; keys that are
 * revised in the window after their own, revised before they are released, and revoked; batches that are filled up.
 */

const MINIMUM = 8
const day5 = (time: string) => new Date(`2020-10-05T${time}:00Z`)

async function aMorning(): Promise<TestExporter> {
  const exporter = await testExporter({ minRecords: MINIMUM, paddingRange: 3, insertBatchSize: 3 })
  const signers = [await exporter.addSigner(), await exporter.addSigner()]
  await exporter.addConfig({ filenameRoot: 'us', signatureInfoIds: signers })
  await exporter.addConfig({
    ...{ filenameRoot: 'north', inputRegions: ['US', 'CA'], periodSeconds: 7200 },
    ...{ signatureInfoIds: signers, maxRecordsOverride: 9 },
  })
  exporter.at('2020-10-05T09:00')
  await exporter.createBatches()
  await exporter.doWork()
  exporter.at('2020-10-05T11:05')
  for (const [number, time, region] of [
    [1, '08:00', 'US'],
    [2, '08:00', 'US'],
    [3, '08:00', 'CA'],
    [4, '09:00', 'US'],
    [5, '09:00', 'CA'],
    [6, '09:00', 'US'],
    [7, '09:00', 'US'],
  ] as const) {
    await exporter.publish({
      ...{ key: aKey(number), createdAt: day5(time), regions: [region], reportType: 'likely' },
    })
  }
  await exporter.revise(aKey(1), { revisedAt: day5('09:00') })
  await exporter.revise(aKey(6), { revisedAt: day5('08:00'), transmissionRisk: 5 })
  await exporter.revise(aKey(7), { revisedAt: day5('09:00'), reportType: 'negative' })
  return exporter
}

/** What phones have at the end, whatever happened on the way. */
const WANTED = {
  us: {
    keys: ['1 likely', '2 likely', '4 likely', '6 confirmed'],
    revisedKeys: ['1 confirmed'],
  },
  // Its window begins at 8, so the first key is in it with its newest state.
  north: {
    keys: ['1 confirmed', '2 likely', '3 likely', '4 likely', '5 likely', '6 confirmed'],
    revisedKeys: [],
  },
}

async function run(deps: ExportDeps): Promise<void> {
  const { signal } = new AbortController()
  await createBatches(deps, signal)
  await workBatches(deps, signal)
}

/** Every object by name, as a digest would tell them apart. */
function published({ blobstore }: TestExporter): Map<string, Buffer> {
  const listed = ['us', 'north'].flatMap((root) => {
    const index = blobstore.find(BUCKET, `${root}/index.txt`)
    return index ? parseIndex(Buffer.from(index.contents).toString()) : []
  })
  return new Map(
    listed.map((name) => {
      const object = blobstore.find(BUCKET, name)
      if (!object) throw new Error(`${name} is listed, but not there`)
      return [name, Buffer.from(object.contents)]
    }),
  )
}

function expectUnchanged(before: Map<string, Buffer>, after: Map<string, Buffer>): void {
  for (const [name, contents] of before) expect(after.get(name)?.equals(contents)).toBe(true)
}

async function expectAllIsWell(exporter: TestExporter): Promise<void> {
  const { db } = exporter
  const generated = await db.query<{ key: Buffer; created_at: Date }>(sql`
    select exposure_key as key, created_at from exposure
    where app_package_name = ${exposures.GENERATED}`)
  const isGenerated = new Set(generated.map(({ key }) => key.toString('hex')))
  const downloaded = { us: await exporter.download('us'), north: await exporter.download('north') }
  for (const [root, archives] of Object.entries(downloaded)) {
    const said = (list: 'keys' | 'revisedKeys') =>
      archives
        .flatMap((archive) => archive[list])
        .filter(({ key }) => !isGenerated.has(Buffer.from(key).toString('hex')))
        .map(({ key, reportType }) => `${Buffer.from(key).readUInt32BE()} ${reportType ?? 'none'}`)
        .sort()
    expect({ keys: said('keys'), revisedKeys: said('revisedKeys') }).toEqual(
      WANTED[root as keyof typeof WANTED],
    )
    for (const archive of archives) expect(archive.signedBy).toEqual(['v2', 'v1'])
  }
  expectFilledUp(downloaded, isGenerated)
  expect(await unfinished(exporter)).toEqual([])
}

/** Generated keys are all stored, at least the minimum is reached, and each archive that covers a key shows it. */
function expectFilledUp(
  downloaded: { us: DownloadedArchive[]; north: DownloadedArchive[] },
  isGenerated: Set<string>,
): void {
  const keysOf = (archives: DownloadedArchive[]) =>
    archives.flatMap(({ keys }) => keys.map(({ key }) => Buffer.from(key).toString('hex')))
  const [us, north] = [keysOf(downloaded.us), keysOf(downloaded.north)]
  for (const keys of [us, north]) expect(new Set(keys).size).toBe(keys.length)
  const real = new Set([1, 2, 3, 4, 5, 6].map((number) => aKey(number).toString('hex')))
  for (const key of [...us, ...north]) expect(real.has(key) || isGenerated.has(key)).toBe(true)
  expect(us.length).toBeGreaterThanOrEqual(2 * MINIMUM)
  expect(us.length).toBeLessThanOrEqual(2 * (MINIMUM + 3))
  const inNorth = new Set(north)
  expect(us.filter((key) => !inNorth.has(key))).toEqual([])
  expect(isGenerated.size).toBe(
    [...new Set([...us, ...north])].filter((key) => isGenerated.has(key)).length,
  )
}

function unfinished({ db }: TestExporter): Promise<object[]> {
  return db.query(sql`
    select id from export_batch where status <> 'COMPLETE'
    union all select batch_id from export_file where status = 'WRITING'
    union all select config_id from export_index where version <> written_version`)
}

/** Puts everything back to how it is now, as often as it is called. */
async function saved({ db, blobstore }: TestExporter): Promise<() => Promise<void>> {
  const tables = [
    'exposure',
    'export_config',
    'signature_info',
    'export_batch',
    'export_file',
    'export_index',
  ]
  for (const table of tables)
    await db.execute(sql([`create table saved_${table} as table ${table}`]))
  const copies = tables.map(
    (table) => `insert into ${table} overriding system value table saved_${table};`,
  )
  const restore = sql([
    `do $$ begin truncate ${tables.join(', ')}, lock; ${copies.join(' ')} end $$`,
  ])
  const objects = blobstore.names(BUCKET).map((name) => ({ name, ...blobstore.find(BUCKET, name) }))
  const { signal } = new AbortController()
  return async () => {
    await db.execute(restore)
    for (const name of blobstore.names(BUCKET)) await blobstore.delete(BUCKET, name, { signal })
    for (const { name, contents = Buffer.alloc(0), contentType = '' } of objects)
      await blobstore.put(BUCKET, name, contents, { contentType, cacheable: false, signal })
  }
}

test('a run without a fault ends well', async () => {
  const exporter = await aMorning()
  await run(exporter.deps)
  await expectAllIsWell(exporter)
  await exporter.close()
})

test.each([
  ['a fault', faultAt, ['before create', 'after create', 'before piece']],
  ['a kill', killAfter, ['after transaction', 'after create', 'after put']],
])(
  '%s at any step leaves nothing wrong to see, and the next run ends as if it had not been',
  async (_, faultOf, known) => {
    const steps = new Set<string>()
    const exporter = await aMorning()
    const restore = await saved(exporter)
    const { deps } = exporter
    let step: string | undefined = 'none yet'
    for (let n = 1; step !== undefined; n++) {
      await restore()
      exporter.at('2020-10-05T11:05')
      const before = published(exporter)
      const fault = faultOf(n)
      await run({
        ...deps,
        db: hookedDatabase(deps.db, fault.hook),
        blobstore: hookedBlobstore(deps.blobstore, fault.hook),
        keyManager: hookedKeyManager(deps.keyManager, fault.hook),
      }).catch(() => {})
      step = fault.hit()
      const meanwhile = published(exporter)
      expectUnchanged(before, meanwhile)
      // Longer than a lease and a rest, shorter than it takes for another window to close.
      exporter.advance(12 * 60_000)
      await run(deps)
      expectUnchanged(meanwhile, published(exporter))
      await expectAllIsWell(exporter)
      if (step !== undefined) steps.add(step)
    }
    await exporter.close()
    expect([...steps]).toEqual(expect.arrayContaining(known))
  },
  300_000,
)
