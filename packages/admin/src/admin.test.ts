import { generateKeyPairSync } from 'node:crypto'
import {
  authorizedApps,
  exportConfigs,
  healthAuthorities,
  signatureInfos,
  sql,
} from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import type { KeyManager } from '@ens/keys'
import { memoryKeyManager } from '@ens/keys/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import * as admin from './index.ts'

const NOW = new Date('2020-06-15T12:00:00Z')
const now = () => NOW
const LATER = new Date('2020-07-01T00:00:00Z')
const authority = { issuer: 'gov.example', audience: 'server', name: 'Example' }
const pem = (curve = 'P-256') =>
  generateKeyPairSync('ec', { namedCurve: curve })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString()

let db: TestDatabase
let keyManager: KeyManager
let deps: admin.AdminDeps & { db: TestDatabase }
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())
beforeEach(async () => {
  await db.execute(sql`truncate authorized_app, health_authority_key, health_authority,
    signature_info, export_batch, export_config restart identity cascade`)
  keyManager = memoryKeyManager()
  deps = { db, now, keyManager }
})

test('an authority is registered once per issuer', async () => {
  const id = await admin.createHealthAuthority(deps, { ...authority, issuer: ' gov.example ' })
  expect(await healthAuthorities.find(db, id)).toMatchObject({ ...authority, enableStats: true })
  await expect(admin.createHealthAuthority(deps, authority)).rejects.toMatchObject({
    kind: 'conflict',
    code: 'name_taken',
  })
})

test.each([
  ['no issuer', { issuer: ' ' }],
  ['no audience', { audience: '' }],
  ['no name', { name: '' }],
  ['a JWKS address of another protocol', { jwksUri: 'file:///etc/passwd' }],
  ['a JWKS address that is none', { jwksUri: 'gov.example' }],
])('an authority with %s is refused', async (_, fault) => {
  await expect(admin.createHealthAuthority(deps, { ...authority, ...fault })).rejects.toMatchObject(
    { code: 'invalid_input' },
  )
})

test('a change keeps what it does not name, and an empty JWKS address takes it away', async () => {
  const jwksUri = 'https://gov.example/jwks'
  const id = await admin.createHealthAuthority(deps, { ...authority, jwksUri })
  await admin.updateHealthAuthority(deps, id, { name: 'Other', audience: undefined })
  expect(await healthAuthorities.find(db, id)).toMatchObject({
    ...authority,
    name: 'Other',
    jwksUri,
  })
  await admin.updateHealthAuthority(deps, id, { jwksUri: '' })
  expect(await healthAuthorities.find(db, id)).not.toHaveProperty('jwksUri')
})

test('a key begins now, ends when revoked, and can be reinstated', async () => {
  const id = await admin.createHealthAuthority(deps, authority)
  await admin.addHealthAuthorityKey(deps, id, { version: 'v1', publicKey: pem() })
  const key = async () => (await healthAuthorities.find(db, id))?.keys[0]
  expect(await key()).toMatchObject({ version: 'v1', from: NOW, thru: undefined })
  await admin.revokeHealthAuthorityKey({ db, now: () => LATER }, id, 'v1')
  expect(await key()).toMatchObject({ from: NOW, thru: LATER })
  await admin.reinstateHealthAuthorityKey(deps, id, 'v1')
  expect(await key()).toMatchObject({ thru: undefined })
})

test('revoking a revoked key keeps the time when it ended', async () => {
  const id = await admin.createHealthAuthority(deps, authority)
  await admin.addHealthAuthorityKey(deps, id, { version: 'v1', publicKey: pem() })
  await admin.revokeHealthAuthorityKey({ db, now: () => LATER }, id, 'v1')
  const muchLater = new Date(LATER.getTime() + 86_400_000)
  await admin.revokeHealthAuthorityKey({ db, now: () => muchLater }, id, 'v1')
  expect((await healthAuthorities.find(db, id))?.keys[0]).toMatchObject({ thru: LATER })
})

test('changes of one app at the same time all count', async () => {
  await admin.createAuthorizedApp(deps, {
    name: 'app',
    allowedRegions: ['MX'],
    allowedHealthAuthorityIds: [],
    bypassRevisionToken: true,
  })
  await Promise.all([
    admin.updateAuthorizedApp(deps, 'app', { bypassRevisionToken: false }),
    admin.updateAuthorizedApp(deps, 'app', { allowedRegions: ['MX', 'US'] }),
    admin.updateAuthorizedApp(deps, 'app', { bypassHealthAuthorityVerification: true }),
  ])
  expect(await authorizedApps.find(db, 'app')).toMatchObject({
    allowedRegions: ['MX', 'US'],
    bypassHealthAuthorityVerification: true,
    bypassRevisionToken: false,
  })
})

test('a key of the future never begins when revoked before, and begins now when activated', async () => {
  const id = await admin.createHealthAuthority(deps, authority)
  await admin.addHealthAuthorityKey(deps, id, { version: 'v1', publicKey: pem(), from: LATER })
  await admin.revokeHealthAuthorityKey(deps, id, 'v1')
  expect((await healthAuthorities.find(db, id))?.keys[0]).toMatchObject({ thru: LATER })
  await admin.activateHealthAuthorityKey(deps, id, 'v1')
  expect((await healthAuthorities.find(db, id))?.keys[0]).toMatchObject({ from: NOW, thru: LATER })
})

test.each([
  ['a key of another curve', () => pem('P-384')],
  ['something that is no key', () => 'hello'],
])('%s is refused', async (_, publicKey) => {
  const id = await admin.createHealthAuthority(deps, authority)
  await expect(
    admin.addHealthAuthorityKey(deps, id, { version: 'v1', publicKey: publicKey() }),
  ).rejects.toMatchObject({ code: 'invalid_input' })
})

test('what does not exist is said not to', async () => {
  const nothing = { kind: 'not-found', code: 'configuration_not_found' }
  await expect(admin.getHealthAuthority(deps, 9)).rejects.toMatchObject(nothing)
  await expect(admin.revokeHealthAuthorityKey(deps, 9, 'v1')).rejects.toMatchObject(nothing)
  await expect(admin.deleteAuthorizedApp(deps, 'none')).rejects.toMatchObject(nothing)
  await expect(admin.updateAuthorizedApp(deps, 'none', {})).rejects.toMatchObject(nothing)
  await expect(admin.endSignatureInfo(deps, 9, NOW)).rejects.toMatchObject(nothing)
  await expect(admin.endExportConfig(deps, 9, NOW)).rejects.toMatchObject(nothing)
})

test('an app’s name and regions are stored in the form that publishing compares', async () => {
  const id = await admin.createHealthAuthority(deps, authority)
  await admin.createAuthorizedApp(deps, {
    name: 'Gov.Example.App',
    allowedRegions: [' us', 'MX', 'US'],
    allowedHealthAuthorityIds: [id],
  })
  const app = {
    name: 'gov.example.app',
    allowedRegions: ['MX', 'US'],
    allowedHealthAuthorityIds: [id],
    bypassHealthAuthorityVerification: false,
    bypassRevisionToken: false,
  }
  expect(await authorizedApps.list(db)).toEqual([app])
  await admin.updateAuthorizedApp(deps, 'GOV.EXAMPLE.APP', { bypassRevisionToken: true })
  expect(await authorizedApps.list(db)).toEqual([{ ...app, bypassRevisionToken: true }])
  await admin.deleteAuthorizedApp(deps, 'gov.example.app')
  expect(await authorizedApps.list(db)).toEqual([])
})

test.each([
  ['no region', { allowedRegions: [] }],
  ['a region that is none', { allowedRegions: ['M X'] }],
  ['an authority that does not exist', { allowedHealthAuthorityIds: [77] }],
  ['no name', { name: ' ' }],
])('an app with %s is refused', async (_, fault) => {
  const app = { name: 'app', allowedRegions: ['MX'], allowedHealthAuthorityIds: [], ...fault }
  await expect(admin.createAuthorizedApp(deps, app)).rejects.toMatchObject({
    code: 'invalid_input',
  })
})

async function signing(keyVersion = 'v1') {
  const { keyId, versionId } = await admin.createSigningKey(keyManager, 'system/export')
  const input = { signingKey: versionId, keyId: '310', keyVersion }
  return { keyId, versionId, id: await admin.createSignatureInfo(deps, input) }
}

test('a signing key is made once; making it again finds it', async () => {
  const first = await admin.createSigningKey(keyManager, 'system/export')
  expect(await admin.createSigningKey(keyManager, 'system/export')).toEqual(first)
})

test('what goes to Apple and Google is the key that signs', async () => {
  const { id, versionId } = await signing()
  const { publicKey } = await keyManager.signer(versionId)
  expect(await admin.exportPublicKey(deps, id)).toEqual({
    keyId: '310',
    keyVersion: 'v1',
    pem: publicKey.export({ type: 'spki', format: 'pem' }),
  })
})

test('a signature info that cannot sign, or whose id phones cannot read, is refused', async () => {
  const { versionId } = await signing()
  const info = { signingKey: versionId, keyId: '310', keyVersion: 'v1' }
  await expect(
    admin.createSignatureInfo(deps, { ...info, signingKey: 'system/none/1' }),
  ).rejects.toMatchObject({ code: 'key_not_found' })
  await expect(admin.createSignatureInfo(deps, { ...info, keyId: 'MX-1' })).rejects.toMatchObject({
    code: 'invalid_input',
  })
})

test('no two signing keys have one id and version, by which phones find a public key', async () => {
  const { versionId } = await signing()
  const names = { keyId: '311', keyVersion: 'v1' }
  await admin.createSignatureInfo(deps, { signingKey: versionId, ...names })
  const other = { signingKey: versionId, keyId: '311', keyVersion: 'v2' }
  const id = await admin.createSignatureInfo(deps, other)
  const taken = { code: 'name_taken', message: 'there is already a signature info 311 v1' }
  await expect(
    admin.createSignatureInfo(deps, { signingKey: versionId, ...names }),
  ).rejects.toMatchObject(taken)
  await expect(admin.updateSignatureInfo(deps, id, { keyVersion: 'v1' })).rejects.toMatchObject(
    taken,
  )
})

const exported = { bucketName: 'exports', filenameRoot: 'mx', periodSeconds: 14_400 }

test('an export config is set up, changed and ended', async () => {
  const { id: signer } = await signing()
  const id = await admin.createExportConfig(deps, {
    ...exported,
    outputRegion: 'mx',
    inputRegions: ['us', 'mx'],
    signatureInfoIds: [signer],
  })
  await admin.updateExportConfig(deps, id, { maxRecordsOverride: 10, periodSeconds: 7200 })
  await admin.endExportConfig(deps, id, LATER)
  expect(await exportConfigs.list(db)).toEqual([
    {
      id,
      ...exported,
      periodSeconds: 7200,
      outputRegion: 'MX',
      inputRegions: ['MX', 'US'],
      excludeRegions: [],
      includeTravelers: false,
      onlyNonTravelers: false,
      from: NOW,
      thru: LATER,
      signatureInfoIds: [signer],
      maxRecordsOverride: 10,
    },
  ])
})

test.each([
  ['a period that does not divide a day', { periodSeconds: 18_000 }, 'invalid_export_config'],
  [
    'travelers both ways',
    { includeTravelers: true, onlyNonTravelers: true },
    'invalid_export_config',
  ],
  ['no signer', { signatureInfoIds: [] }, 'invalid_input'],
  ['a signer that does not exist', { signatureInfoIds: [99] }, 'invalid_input'],
  ['no bucket', { bucketName: '' }, 'invalid_input'],
])('an export config with %s is refused', async (_, fault, code) => {
  const { id } = await signing()
  const config = { ...exported, outputRegion: 'MX', signatureInfoIds: [id], ...fault }
  await expect(admin.createExportConfig(deps, config)).rejects.toMatchObject({ code })
})

test('two export configs never share a place', async () => {
  const { id } = await signing()
  const config = { ...exported, outputRegion: 'MX', signatureInfoIds: [id] }
  await admin.createExportConfig(deps, config)
  await expect(
    admin.createExportConfig(deps, { ...config, filenameRoot: 'MX' }),
  ).rejects.toMatchObject({ code: 'name_taken' })
})

test('a place is taken until the archives of whoever wrote there are gone', async () => {
  const { id } = await signing()
  const config = { ...exported, outputRegion: 'MX', signatureInfoIds: [id] }
  const first = await admin.createExportConfig(deps, config)
  await db.execute(sql`
    insert into export_batch (config_id, start_timestamp, end_timestamp, keys_from, bucket_name,
      filename_root, output_region, input_regions, exclude_regions, include_travelers,
      only_non_travelers, signature_info_ids)
    values (${first}, ${NOW}, ${LATER}, ${NOW}, 'exports', 'mx', 'MX', '{MX}', '{}', false, false, '{}')`)
  await admin.updateExportConfig(deps, first, { filenameRoot: 'moved' })
  await expect(admin.createExportConfig(deps, config)).rejects.toMatchObject({
    code: 'name_taken',
    message: `export config ${first} still has archives at mx in exports; take another place`,
  })
  await admin.updateExportConfig(deps, first, { filenameRoot: 'mx' })
})

test('a rotated key signs beside the old one wherever that signs, until the old one’s end', async () => {
  const { id: old, keyId } = await signing()
  const config = { ...exported, outputRegion: 'MX', signatureInfoIds: [old] }
  const configId = await admin.createExportConfig(deps, config)
  const rotated = await admin.rotateSigningKey(deps, {
    signatureInfoId: old,
    signingKeyId: keyId,
    keyVersion: 'v2',
    oldThru: LATER,
  })
  expect(rotated.configIds).toEqual([configId])
  expect((await exportConfigs.find(db, configId))?.signatureInfoIds).toEqual([
    old,
    rotated.signatureInfoId,
  ])
  expect(await signatureInfos.listByIds(db, [old, rotated.signatureInfoId])).toEqual([
    expect.objectContaining({ id: old, keyVersion: 'v1', thru: LATER }),
    expect.objectContaining({ keyVersion: 'v2', signingKey: rotated.versionId, thru: undefined }),
  ])
})
