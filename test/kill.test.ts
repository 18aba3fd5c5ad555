import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as admin from '@ens/admin'
import { exposures } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { aKey, anExposure } from '@ens/domain/testing'
import type { ExportPublicKey } from '@ens/export-file'
import { openKeyManager } from '@ens/keys'
import { downloadArchives, readTrusted } from '@ens/phone'
import { expect, test } from 'vitest'
import { startCdn } from '../packages/local/src/cdn.ts'
import { folderOrigin } from '../packages/local/src/origins.ts'
import { BUCKET } from './fleet.ts'
import type { WorkerTask } from './worker-task.ts'

const WORKER = fileURLToPath(new URL('./export-worker.ts', import.meta.url))
const START = Date.parse('2026-03-10T08:00:00Z')
const LATER = new Date(START + 2 * 3_600_000).toISOString()
/** After the lease of a worker that died has ended. */
const MUCH_LATER = new Date(START + 2 * 3_600_000 + 600_000).toISOString()

interface Site {
  db: TestDatabase
  folder: string
  publicKeys: ExportPublicKey[]
  run(task: Pick<WorkerTask, 'now' | 'dieAt'>): Promise<{ signal: string | null }>
  /** What phones find: each archive's name, with its keys in order. */
  download(): Promise<Record<string, string[]>>
  close(): Promise<void>
}

/** A hundred keys in one window of one export, which fills three archives. */
async function openSite(): Promise<Site> {
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
  await admin.createExportConfig(deps, {
    bucketName: BUCKET,
    filenameRoot: 'mx',
    periodSeconds: 3600,
    outputRegion: 'MX',
    signatureInfoIds: [signer],
  })
  await publishHundredKeys(db)
  const { publicKey } = await keyManager.signer(versionId)
  const publicKeys = [{ ...names, publicKey }]
  return {
    db,
    folder,
    publicKeys,
    run: (task) => runWorker({ database: db.config, blobRoot, keysRoot, ...task }),
    download: () => download(blobRoot, publicKeys),
    async close() {
      await db.close()
      await rm(folder, { recursive: true })
    },
  }
}

async function publishHundredKeys(db: TestDatabase): Promise<void> {
  const inserts = Array.from({ length: 100 }, (_, number) =>
    anExposure({
      key: aKey(number),
      regions: ['MX'],
      createdAt: new Date(START),
      localProvenance: true,
    }),
  )
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

async function download(root: string, publicKeys: ExportPublicKey[]) {
  const cdn = await startCdn(folderOrigin(root), 0)
  const place = { indexUrl: `${cdn.url}/${BUCKET}/mx/index.txt`, rootUrl: `${cdn.url}/${BUCKET}` }
  const found: Record<string, string[]> = {}
  for await (const archive of downloadArchives(place)) {
    const { name, contents } = await readTrusted(archive, { publicKeys })
    found[name] = contents.keys.map(({ key }) => Buffer.from(key ?? []).toString('hex'))
  }
  await cdn.close()
  return found
}

/** The archives in the bucket, listed or not. */
async function stored({ folder }: Site): Promise<string[]> {
  const names = await readdir(join(folder, 'blobs', BUCKET, 'mx'))
  return names.filter((name) => name.endsWith('.zip')).sort()
}

test.each(['before-upload', 'after-upload', 'before-index'] as const)(
  'a worker killed %s leaves nothing wrong behind, and the next run ends as if it had never been',
  async (dieAt) => {
    const [undisturbed, killed] = [await openSite(), await openSite()]
    await undisturbed.run({ now: LATER })
    const expected = await undisturbed.download()
    expect(Object.values(expected).map((keys) => keys.length)).toEqual([40, 40, 20])
    expect(new Set(Object.values(expected).flat()).size).toBe(100)

    expect(await killed.run({ now: LATER, dieAt })).toEqual({ signal: 'SIGKILL' })
    await expect(killed.download()).rejects.toThrow('404')
    await killed.run({ now: MUCH_LATER })

    expect(await killed.download()).toEqual(expected)
    expect(await stored(killed)).toEqual(await stored(undisturbed))
    await undisturbed.close()
    await killed.close()
  },
)
