import { loadConfig } from '@ens/config'
import { type Database, exportConfigs, exposures, signatureInfos } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import type { ExportConfig, Exposure, Revision } from '@ens/domain'
import { anExportConfig, anExposure } from '@ens/domain/testing'
import { type ExportPublicKey, parseIndex, toExportKey, verifyArchive } from '@ens/export-file'
import { memoryKeyManager } from '@ens/keys/testing'
import { silentLogger } from '@ens/observability/testing'
import { type MemoryBlobstore, memoryBlobstore } from '@ens/storage/testing'
import { type ExportSettings, exportSettings } from '../config.ts'
import { createBatches } from '../create-batches.ts'
import type { ExportDeps } from '../deps.ts'
import { exportEvents } from '../events.ts'
import { type WorkCounts, workBatches } from '../work-batches.ts'

export const BUCKET = 'exports'

/** An exporter on a clock of the test's own, with a real database, real keys and a store in memory. */
export interface TestExporter {
  db: TestDatabase
  blobstore: MemoryBlobstore
  deps: ExportDeps
  publicKeys: ExportPublicKey[]
  /** Sets the clock, in UTC. */
  at(time: string): void
  advance(ms: number): void
  addSigner(overrides?: { keyVersion?: string; thru?: Date }): Promise<number>
  addConfig(overrides?: Partial<ExportConfig>): Promise<number>
  publish(overrides: Partial<Exposure>): Promise<void>
  revise(key: Buffer, revision: Partial<Revision>): Promise<void>
  createBatches(): Promise<{ created: number }>
  doWork(signal?: AbortSignal): Promise<WorkCounts>
  /** What a phone downloads that follows an index. */
  download(root?: string): Promise<DownloadedArchive[]>
  close(): Promise<void>
}

export interface DownloadedArchive {
  name: string
  start: number | undefined
  end: number | undefined
  region: string | undefined
  keys: ReturnType<typeof toExportKey>[]
  revisedKeys: ReturnType<typeof toExportKey>[]
  signedBy: string[]
}

/** Windows of an hour that are exported an hour later, and nothing is filled up, unless the test says otherwise. */
export function testSettings(overrides: Partial<ExportSettings> = {}): ExportSettings {
  const defaults = loadConfig(exportSettings, {})
  return { ...defaults, minRecords: 0, minWindowAgeMs: 3_600_000, ...overrides }
}

/** Random numbers that are the same in every run. */
export function steadyRandom() {
  let state = 42
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 8
  }
  return {
    bytes: (size: number) => Buffer.from(Array.from({ length: size }, () => next() & 0xff)),
    below: (limit: number) => next() % limit,
  }
}

export async function testExporter(settings: Partial<ExportSettings> = {}): Promise<TestExporter> {
  const db = await testDatabase()
  const blobstore = memoryBlobstore()
  const keyManager = memoryKeyManager()
  const signingKey = await keyManager.createSigningKey('system', 'export')
  const publicKeys: ExportPublicKey[] = []
  let now = new Date('2020-10-05T12:00:00Z')
  const deps: ExportDeps = {
    db,
    blobstore,
    keyManager,
    settings: testSettings(settings),
    now: () => now,
    random: steadyRandom(),
    events: exportEvents(await silentLogger()),
    maxSkewMs: undefined,
  }
  return {
    db,
    blobstore,
    deps,
    publicKeys,
    at: (time) => {
      now = new Date(`${time}Z`)
    },
    advance: (ms) => {
      now = new Date(now.getTime() + ms)
    },
    async addSigner({ keyVersion = `v${publicKeys.length + 1}`, thru } = {}) {
      const version = await keyManager.createSigningKeyVersion(signingKey)
      const { publicKey } = await keyManager.signer(version)
      publicKeys.push({ keyId: '310', keyVersion, publicKey })
      return signatureInfos.insert(db, { signingKey: version, keyId: '310', keyVersion, thru })
    },
    async addConfig(overrides = {}) {
      const { id: _, ...terms } = anExportConfig({ periodSeconds: 3600, ...overrides })
      return exportConfigs.insert(db, terms)
    },
    publish: (overrides) => publish(db, overrides),
    revise: (key, revision) => revise(db, key, revision),
    createBatches: () => createBatches(deps, new AbortController().signal),
    doWork: (signal = new AbortController().signal) => workBatches(deps, signal),
    download: (root = 'us') => download(blobstore, root, publicKeys),
    close: () => db.close(),
  }
}

export async function publish(db: Database, overrides: Partial<Exposure>): Promise<void> {
  const inserts = [anExposure(overrides)]
  await db.transaction((tx) =>
    exposures.write(tx, { inserts, revisions: [], statistics: undefined }),
  )
}

async function revise(db: Database, key: Buffer, revision: Partial<Revision>) {
  const revisions = [
    {
      key,
      reportType: 'confirmed' as const,
      revisedAt: new Date(0),
      daysSinceSymptomOnset: undefined,
      transmissionRisk: 2,
      healthAuthorityId: undefined,
      ...revision,
    },
  ]
  await db.transaction((tx) =>
    exposures.write(tx, { inserts: [], revisions, statistics: undefined }),
  )
}

async function download(
  blobstore: Pick<MemoryBlobstore, 'get'>,
  root: string,
  publicKeys: ExportPublicKey[],
): Promise<DownloadedArchive[]> {
  const { signal } = new AbortController()
  const index = await blobstore.get(BUCKET, `${root}/index.txt`, { signal })
  const names = parseIndex(Buffer.from(index.contents).toString())
  return Promise.all(
    names.map(async (name) => {
      const { contents: archive } = await blobstore.get(BUCKET, name, { signal })
      const { contents, signatures } = await verifyArchive({ archive, publicKeys })
      return {
        name,
        start: contents.start,
        end: contents.end,
        region: contents.region,
        keys: contents.keys.map(toExportKey),
        revisedKeys: contents.revisedKeys.map(toExportKey),
        signedBy: signatures.flatMap((one) => (one.verdict === 'valid' ? [one.keyVersion] : [])),
      }
    }),
  )
}
