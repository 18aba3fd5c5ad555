import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as admin from '@ens/admin'
import { loadConfig } from '@ens/config'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import type { ExportPublicKey } from '@ens/export-file'
import type { KeyManager } from '@ens/keys'
import { memoryKeyManager } from '@ens/keys/testing'
import { silentLogger } from '@ens/observability/testing'
import type { Issuer } from '@ens/phone'
import { type Blobstore, openBlobstore } from '@ens/storage'
import { freshKeyPair } from '@ens/verification/testing'
import { type Cdn, type Origin, startCdn } from '../packages/local/src/cdn.ts'
import { folderOrigin } from '../packages/local/src/origins.ts'
import { exportSettings } from '../services/export/src/config.ts'
import { createBatches } from '../services/export/src/create-batches.ts'
import { cryptoRandom, type ExportDeps } from '../services/export/src/deps.ts'
import { exportEvents } from '../services/export/src/events.ts'
import { type WorkCounts, workBatches } from '../services/export/src/work-batches.ts'
import { buildApp as buildExposure } from '../services/exposure/src/app.ts'
import { config as exposureConfig } from '../services/exposure/src/config.ts'

export const APP = 'gov.example.app'
export const BUCKET = 'exports'
const REVISION_KEY = 'system/revision'

/** The services in one process, on one database, one store and one clock, which the test moves. */
export interface Fleet {
  db: TestDatabase
  /** Where phones publish. */
  publishUrl: string
  cdnUrl: string
  /** The health authority, as its verification server signs. */
  issuer: Issuer
  publicKeys: ExportPublicKey[]
  addExport(config: { filenameRoot: string; periodSeconds: number } & Overrides): Promise<number>
  now(): Date
  moveTo(time: Date): void
  /** What the scheduler does. */
  runExports(signal?: AbortSignal): Promise<WorkCounts>
  close(): Promise<void>
}

type Overrides = Partial<Parameters<typeof admin.createExportConfig>[1]>

/** Where a fleet keeps archives and keys, if not in folders and in memory. */
export interface Cloud {
  keyManager: KeyManager
  /** Of keys that are there already. */
  revisionKeyId: string
  signingKeyVersionId: string
  blobstore: Blobstore
  /** Where phones find the bucket. */
  bucketUrl: string
}

/** Where archives go, and from where the CDN takes them; without it, a folder. */
export interface Store {
  blobstore: Blobstore
  origin: Origin
}

/** Starts a fleet at that moment: an authority, an app in region MX, a signing key, and no export yet. */
export async function startFleet(start: Date, cloud?: Cloud, store?: Store): Promise<Fleet> {
  const db = await testDatabase()
  const root = await mkdtemp(join(tmpdir(), 'fleet '))
  await mkdir(join(root, BUCKET))
  const keyManager = cloud?.keyManager ?? memoryKeyManager()
  let clock = start
  const now = () => clock
  const setUp = { db, now, keyManager }
  const issuer = await addAuthority(setUp, start)
  const keys = cloud ?? (await makeKeys(keyManager))
  const { signatureInfoId, publicKeys } = await addSigner(setUp, keys.signingKeyVersionId)
  const exposure = await startExposure({ db, now, keyManager }, keys.revisionKeyId)
  const cdn: Cdn = await startCdn(store?.origin ?? folderOrigin(root), 0)
  const onDisk = await exportDeps({ db, now, keyManager, root })
  const blobstore = cloud?.blobstore ?? store?.blobstore ?? onDisk.blobstore
  const deps = { ...onDisk, blobstore }
  return {
    db,
    publishUrl: `${exposure.url}/v1/publish`,
    cdnUrl: cloud?.bucketUrl ?? `${cdn.url}/${BUCKET}`,
    issuer,
    publicKeys,
    addExport: (config) =>
      admin.createExportConfig(setUp, {
        bucketName: BUCKET,
        outputRegion: 'MX',
        signatureInfoIds: [signatureInfoId],
        from: new Date(start.getTime() - 1),
        ...config,
      }),
    now,
    moveTo(time) {
      clock = time
    },
    async runExports(signal = new AbortController().signal) {
      await createBatches(deps, signal)
      return workBatches(deps, signal)
    },
    async close() {
      await exposure.close()
      await cdn.close()
      await db.close()
      await rm(root, { recursive: true })
    },
  }
}

type SetUp = Parameters<typeof admin.rotateSigningKey>[0]

export async function addAuthority(deps: SetUp, start: Date): Promise<Issuer> {
  const { privateKey, publicKeyPem } = freshKeyPair()
  const id = await admin.createHealthAuthority(deps, {
    issuer: 'gov.example',
    audience: 'key-server',
    name: 'Example',
  })
  await admin.addHealthAuthorityKey(deps, id, {
    version: 'v1',
    publicKey: publicKeyPem,
    from: new Date(start.getTime() - 1),
  })
  await admin.createAuthorizedApp(deps, {
    name: APP,
    allowedRegions: ['MX'],
    allowedHealthAuthorityIds: [id],
  })
  return { issuer: 'gov.example', audience: 'key-server', keyId: 'v1', privateKey }
}

async function makeKeys(keyManager: KeyManager) {
  await admin.createEncryptionKey(keyManager, REVISION_KEY)
  const { versionId } = await admin.createSigningKey(keyManager, 'system/export')
  return { revisionKeyId: REVISION_KEY, signingKeyVersionId: versionId }
}

async function addSigner(
  deps: SetUp,
  versionId: string,
): Promise<{ signatureInfoId: number; publicKeys: ExportPublicKey[] }> {
  const signatureInfoId = await admin.createSignatureInfo(deps, {
    signingKey: versionId,
    keyId: '310',
    keyVersion: 'v1',
  })
  const { publicKey } = await deps.keyManager.signer(versionId)
  return { signatureInfoId, publicKeys: [{ keyId: '310', keyVersion: 'v1', publicKey }] }
}

interface Shared {
  db: TestDatabase
  now: () => Date
  keyManager: KeyManager
}

async function startExposure({ db, now, keyManager }: Shared, revisionKeyId: string) {
  const config = loadConfig(exposureConfig, {
    ...databaseVariables(db),
    // A machine that runs tests may be slow for reasons of its own.
    MAX_EVENT_LOOP_DELAY: '0s',
    KEY_MANAGER: 'MEMORY',
    REVISION_TOKEN_KEY_ID: revisionKeyId,
    REVISION_TOKEN_AAD: randomBytes(16).toString('base64'),
  })
  const logger = await silentLogger()
  const app = await buildExposure(config, { logger, now, db, keyManager, hasMovedClock: true })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, close: () => app.close() }
}

export function databaseVariables({ config }: TestDatabase): Record<string, string> {
  const { host, port, name, user, password } = config
  return {
    DB_HOST: host,
    DB_PORT: String(port),
    DB_NAME: name,
    DB_USER: user,
    DB_SSLMODE: 'disable',
    ...(password !== undefined && { DB_PASSWORD: password }),
  }
}

/** What the export jobs need, with nothing filled up, so that a test knows every key. */
export async function exportDeps(
  shared: Pick<ExportDeps, 'db' | 'now' | 'keyManager'> & { root: string },
): Promise<ExportDeps> {
  const { root, ...given } = shared
  const settings = loadConfig(exportSettings, {
    EXPORT_FILE_MIN_RECORDS: '0',
    EXPORT_FILE_PADDING_RANGE: '0',
    EXPORT_FILE_MAX_RECORDS: '40',
    MIN_WINDOW_AGE: '30s',
  })
  return {
    ...given,
    blobstore: await openBlobstore({ blobstore: 'FILESYSTEM', filesystemRoot: root }),
    settings,
    random: cryptoRandom,
    events: exportEvents(await silentLogger()),
    maxSkewMs: undefined,
  }
}
