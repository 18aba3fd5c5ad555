import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signatureInfos } from '@ens/database'
import { aKey } from '@ens/domain/testing'
import { type ExportPublicKey, parseIndex, verifyArchive } from '@ens/export-file'
import { openKeyManager } from '@ens/keys'
import { type FaultyLink, faultyLink } from '@ens/provider-servers'
import {
  type GoogleCloud,
  startGoogleCloud,
  trustGoogleTestServers,
} from '@ens/provider-servers/google'
import { openBlobstore } from '@ens/storage'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ExportDeps } from './deps.ts'
import { BUCKET, type TestExporter, testExporter } from './testing/exporter.ts'
import { workBatches } from './work-batches.ts'

const RING = 'projects/p/locations/global/keyRings/exports'
const KEYS = [aKey(1), aKey(2), aKey(3)]
const DEADLINE_MS = 1500
/** A batch whose store gave up before the deadline did has failed, and rests; a later call of the scheduler takes it. */
const REST_MS = 3_600_000

let cloud: GoogleCloud
let storageLink: FaultyLink
let kmsLink: FaultyLink
let exporter: TestExporter
let deps: ExportDeps
let publicKeys: ExportPublicKey[]
let folder: string

beforeEach(async () => {
  trustGoogleTestServers()
  cloud = await startGoogleCloud({ buckets: [BUCKET] })
  storageLink = await faultyLink({ port: cloud.storage.port })
  kmsLink = await faultyLink({ port: cloud.kms.port })
  folder = await mkdtemp(join(tmpdir(), 'google '))
  const credentials = join(folder, 'credentials.json')
  await writeFile(credentials, JSON.stringify(cloud.credentials))
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', credentials)
  vi.stubEnv('GOOGLE_CLOUD_PROJECT', 'p') // or Google's library asks gcloud and the metadata server for one
  exporter = await testExporter()
  deps = { ...exporter.deps, ...(await openProviders()) }
  await prepareExport()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await exporter.close()
  for (const each of [storageLink, kmsLink, cloud]) await each.close()
  await rm(folder, { recursive: true })
})

/** As the settings of a deployment on Google open them. */
async function openProviders(): Promise<Pick<ExportDeps, 'blobstore' | 'keyManager'>> {
  const at = ({ port }: FaultyLink) => `https://localhost:${port}`
  return {
    blobstore: await openBlobstore({
      blobstore: 'GOOGLE_CLOUD_STORAGE',
      googleEndpoint: at(storageLink),
    }),
    keyManager: await openKeyManager({
      keyManager: 'GOOGLE_CLOUD_KMS',
      filesystemRoot: undefined,
      googleEndpoint: at(kmsLink),
    }),
  }
}

/** Three keys in a window that has closed, and a batch for it that nobody has worked on. */
async function prepareExport(): Promise<void> {
  const key = await deps.keyManager.createSigningKey(RING, 'export')
  const signingKey = await deps.keyManager.createSigningKeyVersion(key)
  const signer = { keyId: '310', keyVersion: 'v1' }
  publicKeys = [{ ...signer, publicKey: (await deps.keyManager.signer(signingKey)).publicKey }]
  const info = await signatureInfos.insert(deps.db, { ...signer, signingKey, thru: undefined })
  await exporter.addConfig({ signatureInfoIds: [info] })
  await exporter.createBatches()
  exporter.at('2020-10-05T14:00')
  for (const each of KEYS) {
    await exporter.publish({ key: each, createdAt: new Date('2020-10-05T12:00:00Z') })
  }
  await exporter.createBatches()
}

const work = (signal: AbortSignal) => workBatches(deps, signal)

/** The keys that a phone finds by following the index; it takes only archives that are whole and signed. */
async function keysOnPhones(): Promise<string[]> {
  const download = async (name: string) => {
    const answer = await fetch(`${cloud.storage.endpoint}/${BUCKET}/${name}`)
    return answer.ok ? Buffer.from(await answer.arrayBuffer()) : undefined
  }
  const names = parseIndex((await download('us/index.txt'))?.toString() ?? '')
  const found = await Promise.all(
    names.map(async (name) => {
      const archive = (await download(name)) ?? Buffer.alloc(0)
      const { contents, signatures } = await verifyArchive({ archive, publicKeys })
      expect(signatures.map(({ verdict }) => verdict)).toEqual(['valid'])
      return contents.keys.map(({ key }) => Buffer.from(key).toString('hex'))
    }),
  )
  return found.flat().sort()
}

const ALL = KEYS.map((key) => key.toString('hex')).sort()

function recover(): void {
  storageLink.mend()
  kmsLink.mend()
  cloud.storage.faults.recover()
  cloud.kms.faults.recover()
}

describe('an export on Google Cloud', () => {
  test.each([
    ['the store hangs', () => storageLink.hang()],
    ['the store answers 503', () => cloud.storage.faults.breakDown(Number.POSITIVE_INFINITY)],
    ['the store closes every connection', () => storageLink.cut()],
    ['no answer of the store arrives', () => cloud.storage.faults.loseAnswers(1_000_000)],
    ['the key manager hangs', () => kmsLink.hang()],
    ['the key manager is down', () => cloud.kms.faults.breakDown(Number.POSITIVE_INFINITY)],
  ])('ends by its deadline while %s, shows no half archive, and loses no key', async (_, fail) => {
    fail()
    const startedAt = performance.now()
    await expect(work(AbortSignal.timeout(DEADLINE_MS))).rejects.toThrow()
    expect(performance.now() - startedAt).toBeLessThan(DEADLINE_MS + 5000)
    expect(ALL).toEqual(expect.arrayContaining(await keysOnPhones()))

    recover()
    exporter.advance(REST_MS)
    await work(AbortSignal.timeout(20_000))
    expect(await keysOnPhones()).toEqual(ALL)
  })

  test.each([1, 2, 4])('is carried through though %i answers of the store are lost', async (n) => {
    cloud.storage.faults.loseAnswers(n)
    await work(AbortSignal.timeout(20_000))
    expect(await keysOnPhones()).toEqual(ALL)
  })

  test('is carried through though the connection ends in the middle of an answer', async () => {
    storageLink.cutAnswerAfter(2000)
    await work(AbortSignal.timeout(20_000))
    expect(await keysOnPhones()).toEqual(ALL)
  })
})
