import { createPrivateKey, createPublicKey } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authorizedApps, exportConfigs, healthAuthorities, signatureInfos } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { openKeyManager, publicKeyToPem } from '@ens/keys'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configureDemo, DEMO } from './demo-configuration.ts'
import { type LocalFolder, openFolder } from './folder.ts'

const NOON = new Date('2020-06-15T12:00:00Z')

let db: TestDatabase
let folder: LocalFolder

beforeEach(async () => {
  db = await testDatabase()
  folder = await openFolder(await mkdtemp(join(tmpdir(), 'demo ')), DEMO.bucket)
})

afterEach(async () => {
  await db.close()
  await rm(folder.root, { recursive: true })
})

async function configure(database = db, at = NOON) {
  const keys = { keyManager: 'FILESYSTEM', filesystemRoot: folder.keys } as const
  return configureDemo(
    { db: database, keyManager: await openKeyManager(keys), now: () => at },
    folder,
  )
}

const everything = async (database: TestDatabase) => [
  await healthAuthorities.listWithKeys(database),
  await authorizedApps.list(database),
  await signatureInfos.list(database),
  await exportConfigs.list(database),
]

test('one of everything is set up, and a second start adds nothing', async () => {
  const first = await configure()
  const before = await everything(db)
  const second = await configure(db, new Date(NOON.getTime() + 86_400_000))

  expect(before.map((list) => list.length)).toEqual([1, 1, 1, 1])
  expect(await everything(db)).toEqual(before)
  expect(second).toEqual(first)
})

test('the private key file is the authority’s, and for its owner alone', async () => {
  const { privateKeyFile, keyId } = await configure()

  const privateKey = createPrivateKey(await readFile(privateKeyFile, 'utf8'))
  const authority = await healthAuthorities.findByIssuer(db, DEMO.issuer)
  expect(authority?.keys).toMatchObject([
    { version: keyId, publicKey: publicKeyToPem(createPublicKey(privateKey)) },
  ])
  expect((await stat(privateKeyFile)).mode & 0o777).toBe(0o600)
})

test('a lost database is set up again with the keys there are', async () => {
  const first = await configure()
  const fresh = await testDatabase()
  const publicKey = await readFile(first.exportPublicKeyFile, 'utf8')

  const second = await configure(fresh)
  await fresh.close()

  expect(second).toEqual(first)
  expect(await readFile(second.exportPublicKeyFile, 'utf8')).toBe(publicKey)
})

test('an authority that lost its private key gets another', async () => {
  const first = await configure()
  await rm(first.privateKeyFile)

  const second = await configure()

  expect([first.keyId, second.keyId]).toEqual(['v1', 'v2'])
})

test('a database whose signing keys are gone is not papered over', async () => {
  await configure()
  await rm(folder.keys, { recursive: true })
  await openFolder(folder.root, DEMO.bucket)

  await expect(configure()).rejects.toMatchObject({ code: 'local_demo_keys_gone' })
})
