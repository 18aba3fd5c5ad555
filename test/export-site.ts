import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as admin from '@ens/admin'
import { exposures } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { anExposure } from '@ens/domain/testing'
import type { ExportPublicKey } from '@ens/export-file'
import { openKeyManager } from '@ens/keys'
import { downloadArchives, readTrusted } from '@ens/phone'
import { expect } from 'vitest'
import { startCdn } from '../packages/local/src/cdn.ts'
import { folderOrigin } from '../packages/local/src/origins.ts'
import { BUCKET } from './fleet.ts'
import type { WorkerTask } from './worker-task.ts'

const WORKER = fileURLToPath(new URL('./export-worker.ts', import.meta.url))

export const START = Date.parse('2026-03-10T08:00:00Z')

type Exposure = Parameters<typeof anExposure>[0]
type Terms = Partial<Parameters<typeof admin.createExportConfig>[1]>

/** An export whose workers are processes of their own, on a clock of the test's. */
export interface ExportSite {
  db: TestDatabase
  publicKeys: ExportPublicKey[]
  addExport(filenameRoot: string, terms?: Terms): Promise<void>
  publish(keys: readonly Exposure[]): Promise<void>
  /** Runs one worker to its end. Its signal says whether it was killed; without one it has to end well. */
  run(task: Pick<WorkerTask, 'now' | 'dieAt' | 'dieAtStep'>): Promise<{ signal: string | null }>
  /** What phones find in an index: each archive's name, with its keys and revised keys in order, in hex. */
  download(filenameRoot: string): Promise<Record<string, FoundKeys>>
  /** The archives in the bucket, listed or not. */
  stored(filenameRoot: string): Promise<string[]>
  close(): Promise<void>
}

interface FoundKeys {
  keys: string[]
  revisedKeys: string[]
}

export async function openExportSite(): Promise<ExportSite> {
  const db = await testDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'killed '))
  const [blobRoot, keysRoot] = [join(folder, 'blobs'), join(folder, 'keys')]
  await mkdir(join(blobRoot, BUCKET), { recursive: true })
  const now = () => new Date(START - 1)
  const keyManager = await openKeyManager({ keyManager: 'FILESYSTEM', filesystemRoot: keysRoot })
  const deps = { db, now, keyManager }
  const { versionId } = await admin.createSigningKey(keyManager, 'system/export')
  const names = { keyId: '310', keyVersion: 'v1' }
  const signer = await admin.createSignatureInfo(deps, { signingKey: versionId, ...names })
  const { publicKey } = await keyManager.signer(versionId)
  const publicKeys = [{ ...names, publicKey }]
  return {
    db,
    publicKeys,
    async addExport(filenameRoot, terms = {}) {
      await admin.createExportConfig(deps, {
        bucketName: BUCKET,
        filenameRoot,
        periodSeconds: 3600,
        outputRegion: 'MX',
        signatureInfoIds: [signer],
        ...terms,
      })
    },
    publish: (keys) => publish(db, keys),
    run: (task) => runWorker({ database: db.config, blobRoot, keysRoot, ...task }),
    download: (filenameRoot) => download({ blobRoot, filenameRoot, publicKeys }),
    stored: (filenameRoot) => stored(join(blobRoot, BUCKET, filenameRoot)),
    async close() {
      await db.close()
      await rm(folder, { recursive: true })
    },
  }
}

async function publish(db: TestDatabase, keys: readonly Exposure[]): Promise<void> {
  const inserts = keys.map((key) => anExposure({ regions: ['MX'], localProvenance: true, ...key }))
  await db.transaction((tx) =>
    exposures.write(tx, { inserts, revisions: [], statistics: undefined }),
  )
}

async function runWorker(task: WorkerTask): Promise<{ signal: string | null }> {
  const worker = spawn(
    process.execPath,
    ['--conditions=@ens/source', WORKER, JSON.stringify(task)],
    { stdio: 'inherit' },
  )
  const [code, signal] = await once(worker, 'exit')
  if (signal === null) expect(code).toBe(0)
  return { signal }
}

async function download(of: {
  blobRoot: string
  filenameRoot: string
  publicKeys: ExportPublicKey[]
}) {
  const cdn = await startCdn(folderOrigin(of.blobRoot), 0)
  const rootUrl = `${cdn.url}/${BUCKET}`
  const found: Record<string, FoundKeys> = {}
  try {
    const place = { indexUrl: `${rootUrl}/${of.filenameRoot}/index.txt`, rootUrl }
    for await (const archive of downloadArchives(place)) {
      const { name, contents } = await readTrusted(archive, { publicKeys: of.publicKeys })
      found[name] = { keys: inHex(contents.keys), revisedKeys: inHex(contents.revisedKeys) }
    }
  } finally {
    await cdn.close()
  }
  return found
}

const inHex = (keys: readonly { key?: Uint8Array | null | undefined }[]) =>
  keys.map(({ key }) => Buffer.from(key ?? []).toString('hex'))

async function stored(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names.filter((name) => name.endsWith('.zip')).sort()
}
