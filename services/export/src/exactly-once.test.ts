import { exportBatches, exposures, sql } from '@ens/database'
import { type ReportType, truncate } from '@ens/domain'
import { aKey } from '@ens/domain/testing'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBatches } from './create-batches.ts'
import { type DownloadedArchive, type TestExporter, testExporter } from './testing/exporter.ts'
import {
  faultAt,
  hookedBlobstore,
  hookedDatabase,
  hookedKeyManager,
  killAfter,
} from './testing/faults.ts'
import { workBatches } from './work-batches.ts'

/*
 * Any history of publishes, revisions, changes of configuration, and workers that fail or die: in the end each archive holds what
 * the rule says of its window, told here a second time and without SQL.
 */

const HOUR_MS = 3_600_000
const MINIMUM = 4
const REGIONS = ['US', 'CA', 'MX']
const NOBODY = new AbortController().signal

interface Terms {
  periodHours: number
  inputRegions: string[]
  excludeRegions: string[]
  travelers: 'some' | 'all' | 'none'
  maxRecords: number
}

const regions = fc.uniqueArray(fc.constantFrom(...REGIONS), { minLength: 1, maxLength: 3 })

const terms: fc.Arbitrary<Terms> = fc.record({
  periodHours: fc.constantFrom(1, 2, 3, 4),
  inputRegions: regions,
  excludeRegions: fc.oneof(fc.constant<string[]>([]), regions),
  travelers: fc.constantFrom('some', 'all', 'none'),
  maxRecords: fc.integer({ min: 1, max: 9 }),
})

type Step =
  | { do: 'publish'; regions: string[]; traveler: boolean; embargoHours: number }
  | { do: 'revise'; which: number; reportType: ReportType }
  | { do: 'wait' }
  | { do: 'change'; which: number; periodHours: number }
  | { do: 'work'; faults: { at: number; forever: boolean }[] }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('publish'),
      regions,
      traveler: fc.boolean(),
      embargoHours: fc.constantFrom(0, 0, 1, 5),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('revise'),
      which: fc.nat(),
      reportType: fc.constantFrom('confirmed', 'negative'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('change'),
      which: fc.nat(),
      periodHours: fc.constantFrom(1, 2, 3, 4),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('work'),
      faults: fc.array(fc.record({ at: fc.integer({ min: 1, max: 120 }), forever: fc.boolean() }), {
        maxLength: 3,
      }),
    }),
  },
) as fc.Arbitrary<Step>

interface Published {
  number: number
  regions: string[]
  traveler: boolean
  createdAt: number
  revision?: { at: number; reportType: ReportType }
}

class History {
  readonly keys: Published[] = []
  readonly configs: { id: number; terms: Terms }[] = []
  readonly exporter: TestExporter
  readonly #signer: number

  constructor(exporter: TestExporter, signer: number) {
    this.exporter = exporter
    this.#signer = signer
  }

  async begin(configs: readonly Terms[]): Promise<void> {
    for (const [i, given] of configs.entries()) {
      const id = await this.exporter.addConfig({
        filenameRoot: `root-${i}`,
        periodSeconds: given.periodHours * 3600,
        inputRegions: given.inputRegions,
        excludeRegions: given.excludeRegions,
        includeTravelers: given.travelers === 'all',
        onlyNonTravelers: given.travelers === 'none',
        maxRecordsOverride: given.maxRecords,
        signatureInfoIds: [this.#signer],
      })
      this.configs.push({ id, terms: given })
    }
    await this.exporter.createBatches()
  }

  async take(given: Step): Promise<void> {
    const { exporter } = this
    switch (given.do) {
      case 'publish':
        return this.#publish(given)
      case 'revise':
        return this.#revise(given)
      case 'wait':
        return exporter.advance(HOUR_MS)
      case 'change': {
        const config = this.configs[given.which % this.configs.length]
        await exporter.db.execute(sql`
          update export_config set period_seconds = ${given.periodHours * 3600} where id = ${config?.id}`)
        return
      }
      case 'work':
        await Promise.all(
          [{ at: 0, forever: false }, ...given.faults].map((fault) => this.#work(fault)),
        )
    }
  }

  async #publish(given: Step & { do: 'publish' }): Promise<void> {
    const number = this.keys.length + 1
    const createdAt = this.#arrival() + given.embargoHours * HOUR_MS
    const { regions, traveler } = given
    this.keys.push({ number, regions, traveler, createdAt })
    await this.exporter.publish({
      ...{
        key: aKey(number),
        createdAt: new Date(createdAt),
        regions,
        traveler,
        reportType: 'likely',
      },
    })
  }

  async #revise({ which, reportType }: Step & { do: 'revise' }): Promise<void> {
    const key = this.keys[which % Math.max(1, this.keys.length)]
    if (!key || key.revision) return
    key.revision = { at: this.#arrival(), reportType }
    await this.exporter.revise(aKey(key.number), {
      revisedAt: new Date(key.revision.at),
      reportType,
    })
  }

  async #work({ at, forever }: { at: number; forever: boolean }): Promise<void> {
    const { deps } = this.exporter
    const { hook } = forever ? killAfter(at) : faultAt(at)
    const faulty = {
      ...deps,
      db: hookedDatabase(deps.db, hook),
      blobstore: hookedBlobstore(deps.blobstore, hook),
      keyManager: hookedKeyManager(deps.keyManager, hook),
    }
    await createBatches(faulty, NOBODY).catch(() => {})
    await workBatches(faulty, NOBODY).catch(() => {})
  }

  #arrival(): number {
    return truncate(this.exporter.deps.now(), HOUR_MS).getTime()
  }

  /** Until every embargo is over and every window is exported. */
  async end(): Promise<void> {
    for (let i = 0; i < 12; i++) {
      this.exporter.advance(HOUR_MS)
      await this.exporter.createBatches()
      await this.exporter.doWork()
    }
  }
}

interface Expected {
  keys: string[]
  revisedKeys: string[]
}

function isOf({ inputRegions, excludeRegions, travelers }: Terms, key: Published): boolean {
  if (key.traveler && travelers === 'none') return false
  if (key.regions.some((region) => excludeRegions.includes(region))) return false
  const isWanted = key.regions.some((region) => inputRegions.includes(region))
  return isWanted || (key.traveler && travelers === 'all')
}

/** What the rule says: a key once, as it is at the end of its window, and its revision once if that comes later. */
function expected(batch: exportBatches.StoredBatch, keys: Published[], given: Terms): Expected {
  const [from, end] = [batch.keysFrom.getTime(), batch.end.getTime()]
  const within = (at: number) => at >= from && at < end
  const result: Expected = { keys: [], revisedKeys: [] }
  for (const key of keys.filter((candidate) => isOf(given, candidate))) {
    const { number, createdAt, revision } = key
    const isRevised = revision !== undefined && revision.at < end
    const type = isRevised ? revision.reportType : 'likely'
    if (within(createdAt) && type !== 'negative') result.keys.push(`${number} ${type}`)
    if (revision && within(revision.at) && createdAt < from)
      result.revisedKeys.push(`${number} ${revision.reportType}`)
  }
  return { keys: result.keys.sort(), revisedKeys: result.revisedKeys.sort() }
}

async function check(history: History): Promise<void> {
  const { exporter, keys, configs } = history
  const generated = await exporter.db.query<{ key: Buffer }>(sql`
    select exposure_key as key from exposure where app_package_name = ${exposures.GENERATED}`)
  const isGenerated = new Set(generated.map(({ key }) => key.toString('hex')))
  for (const [i, { id, terms: given }] of configs.entries()) {
    const archives = await exporter.download(`root-${i}`)
    const batches = await exportBatches.listStarting(exporter.db, id, {
      ...{ from: new Date(0), before: exporter.deps.now() },
    })
    for (const batch of batches) {
      expect(batch.status).toBe('COMPLETE')
      const ofBatch = archives.filter((archive) => isArchiveOf(batch, archive))
      expect(told(ofBatch, isGenerated)).toEqual(expected(batch, keys, given))
      const total = ofBatch.reduce((sum, archive) => sum + archive.keys.length, 0)
      expect(total === 0 || total >= MINIMUM).toBe(true)
    }
    const files = batches.map((batch) => archives.filter((archive) => isArchiveOf(batch, archive)))
    // Phones go by the order of the lines, which is that of the windows, also where the period was changed.
    expect(files.flat().map(({ name }) => name)).toEqual(archives.map(({ name }) => name))
    const all = archives.flatMap((archive) =>
      archive.keys.map(({ key }) => Buffer.from(key).toString('hex')),
    )
    expect(new Set(all).size).toBe(all.length)
  }
}

function isArchiveOf(
  { keysFrom, end }: exportBatches.StoredBatch,
  { name }: DownloadedArchive,
): boolean {
  return name.includes(`/${keysFrom.getTime() / 1000}-${end.getTime() / 1000}-`)
}

function told(archives: DownloadedArchive[], isGenerated: Set<string>): Expected {
  const tell = (list: 'keys' | 'revisedKeys') =>
    archives
      .flatMap((archive) => archive[list])
      .filter(({ key }) => !isGenerated.has(Buffer.from(key).toString('hex')))
      .map(({ key, reportType }) => `${Buffer.from(key).readUInt32BE()} ${reportType ?? 'none'}`)
      .sort()
  return { keys: tell('keys'), revisedKeys: tell('revisedKeys') }
}

test('each key and each revision is in exactly one archive of each config, whatever happened', async () => {
  const property = fc.asyncProperty(
    fc.array(terms, { minLength: 1, maxLength: 3 }),
    fc.array(step, { minLength: 5, maxLength: 40 }),
    async (configs, steps) => {
      const exporter = await testExporter({ minRecords: MINIMUM, paddingRange: 2 })
      try {
        const history = new History(exporter, await exporter.addSigner())
        await history.begin(configs)
        for (const given of steps) await history.take(given)
        await history.end()
        await check(history)
      } finally {
        await exporter.close()
      }
    },
  )
  await fc.assert(property, { numRuns: runs(25) })
}, 240_000)
