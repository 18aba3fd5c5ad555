import { exposures } from '@ens/database'
import { aKey } from '@ens/domain/testing'
import { silentLogger } from '@ens/observability/testing'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanUpExports } from '../services/cleanup-export/src/clean-up-exports.ts'
import { cleanupEvents as exportEvents } from '../services/cleanup-export/src/events.ts'
import { cleanUpExposures } from '../services/cleanup-exposure/src/clean-up-exposures.ts'
import { cleanupEvents as exposureEvents } from '../services/cleanup-exposure/src/events.ts'
import {
  BUCKET,
  type DownloadedArchive,
  type TestExporter,
  testExporter,
} from '../services/export/src/testing/exporter.ts'

const HOUR_MS = 3_600_000
const TTL_MS = 24 * HOUR_MS
const LONGEST_STAY_MS = 48 * HOUR_MS
const START = Date.parse('2020-10-05T00:00:00Z')
/** Of two exports; in hours. */
const PERIODS = { hourly: 1, slow: 4 }
const ROOTS = ['hourly', 'slow'] as const
const LAST_PUBLISH = 20
const LONGEST_OUTAGE = 8
/** Until then everything is published, revised, exported, and gone again. */
const END = 80

const at = (hour: number) => new Date(START + hour * HOUR_MS)
const NO_KEY = { publishedAt: Number.NaN, revisedAfter: null }
const { signal } = new AbortController()

interface Story {
  /** When each key is published, and how long after that it is revised; in hours. */
  keys: { publishedAt: number; revisedAfter: number | null }[]
  /** When the export service stands still. */
  outage: { from: number; length: number }
  /** The clean-ups run every so many hours. */
  cleanupEvery: number
}

const hours = (min: number, max: number) => fc.integer({ min, max })
const stories: fc.Arbitrary<Story> = fc.record({
  keys: fc.array(
    fc.record({
      publishedAt: hours(0, LAST_PUBLISH),
      // Also while the key is being deleted.
      revisedAfter: fc.option(fc.oneof(hours(1, 26), hours(22, 25))),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  outage: fc.record({ from: hours(0, 50), length: hours(0, LONGEST_OUTAGE) }),
  cleanupEvery: hours(1, 4),
})

/** What a phone has seen of one export, by the names of archives. */
type Seen = Map<string, DownloadedArchive>

interface Scene {
  exporter: TestExporter
  story: Story
  seen: Record<keyof typeof PERIODS, Seen>
  /** The hour in which a key was revised, if it still was there. */
  revisedAt: Map<number, number>
  cleanUp: () => Promise<void>
}

test('clean-ups take no key, no revision and no listed archive from phones, and leave nothing behind', async () => {
  const property = fc.asyncProperty(stories, async (story) => {
    const scene = await begin(story)
    for (let hour = 0; hour <= END; hour++) {
      for (const number of story.keys.keys()) await publishOrRevise(scene, number, hour)
      await runJobs(scene, hour)
      await look(scene)
      expect(await ageOfOldest(scene)).toBeLessThanOrEqual(LONGEST_STAY_MS + 4 * HOUR_MS)
      scene.exporter.advance(HOUR_MS)
    }
    for (const root of ROOTS) {
      expect(said(scene.seen[root], 'keys')).toEqual([...story.keys.keys()])
      expect(said(scene.seen[root], 'revisedKeys')).toEqual(revisedAfterRelease(scene, root))
    }
    await scene.cleanUp()
    expect(await stored(scene)).toEqual([])
    await scene.exporter.close()
  })
  await fc.assert(property, { numRuns: runs(4) })
}, 240_000)

async function begin(story: Story): Promise<Scene> {
  const exporter = await testExporter({ cleanupTtlMs: TTL_MS })
  const signatureInfoIds = [await exporter.addSigner()]
  for (const filenameRoot of ROOTS) {
    const periodSeconds = PERIODS[filenameRoot] * 3600
    await exporter.addConfig({ filenameRoot, periodSeconds, signatureInfoIds })
  }
  exporter.at('2020-10-05T01:00') // An export begins with the last window that has closed.
  await exporter.createBatches()
  exporter.at('2020-10-05T00:00')
  const seen = { hourly: new Map(), slow: new Map() }
  return { exporter, story, seen, revisedAt: new Map(), cleanUp: await cleanUps(exporter) }
}

async function cleanUps({ deps }: TestExporter): Promise<() => Promise<void>> {
  const logger = await silentLogger()
  const { db, blobstore, now } = deps
  const retention = { ttlMs: TTL_MS, timeoutMs: 60_000, allowsShortTtl: true, batchSize: 2 }
  const history = { historyTtlMs: 2 * TTL_MS, deletesAtOnce: 2 }
  const forKeys = { settings: retention, rest: async () => {}, events: exposureEvents(logger) }
  const forArchives = {
    ...{ settings: { ...retention, ...history }, blobstore, objectTimeoutMs: 50_000 },
    events: exportEvents(logger),
  }
  return async () => {
    await cleanUpExposures({ db, now, ...forKeys }, signal)
    await cleanUpExports({ db, now, ...forArchives }, signal)
  }
}

async function publishOrRevise(scene: Scene, number: number, hour: number): Promise<void> {
  const { publishedAt, revisedAfter } = scene.story.keys[number] ?? NO_KEY
  const key = aKey(number)
  if (publishedAt === hour) await scene.exporter.publish({ key, createdAt: at(hour) })
  if (revisedAfter === null || publishedAt + revisedAfter !== hour) return
  if (!(await stored(scene)).includes(number)) return
  await scene.exporter.revise(key, { revisedAt: at(hour), reportType: 'likely' })
  scene.revisedAt.set(number, hour)
}

async function runJobs({ exporter, story, cleanUp }: Scene, hour: number): Promise<void> {
  const { outage, cleanupEvery } = story
  const isDown = hour >= outage.from && hour < outage.from + outage.length
  if (!isDown && hour >= 2) {
    await exporter.createBatches()
    await exporter.doWork()
  }
  if (hour % cleanupEvery === 0) await cleanUp()
}

/** The phone reads everything that is listed; a listed archive that is not there, or does not verify, throws. */
async function look({ exporter, seen }: Scene): Promise<void> {
  for (const root of ROOTS) {
    if (!exporter.blobstore.find(BUCKET, `${root}/index.txt`)) continue
    for (const archive of await exporter.download(root)) seen[root].set(archive.name, archive)
  }
}

/** Those whose first archive did not say it yet. */
function revisedAfterRelease({ story, revisedAt }: Scene, root: keyof typeof PERIODS): number[] {
  const period = PERIODS[root]
  const releasedAt = (number: number) =>
    (Math.floor((story.keys[number] ?? NO_KEY).publishedAt / period) + 1) * period
  return [...revisedAt]
    .flatMap(([number, hour]) => (hour >= releasedAt(number) ? [number] : []))
    .sort((a, b) => a - b)
}

const lockStored = ({ exporter, story }: Scene) =>
  exporter.db.transaction((tx) => exposures.lockStored(tx, [...story.keys.keys()].map(aKey)))

const stored = async (scene: Scene) =>
  (await lockStored(scene)).map(({ key }) => key.readUInt32BE())

/** Beyond its time to live. */
async function ageOfOldest(scene: Scene): Promise<number> {
  const now = scene.exporter.deps.now().getTime()
  const ages = (await lockStored(scene)).map(({ createdAt }) => now - createdAt.getTime())
  return Math.max(0, ...ages) - TTL_MS
}

function said(seen: Seen, list: 'keys' | 'revisedKeys'): number[] {
  return [...seen.values()]
    .flatMap((archive) => archive[list])
    .map(({ key }) => Buffer.from(key).readUInt32BE())
    .sort((a, b) => a - b)
}
