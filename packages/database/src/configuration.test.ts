import type { AuthorizedApp, ExportConfig } from '@ens/domain'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { authorizedApps, exportConfigs, healthAuthorities, signatureInfos, sql } from './index.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())

const app: AuthorizedApp = {
  name: 'gov.example.app',
  allowedRegions: ['MX', 'US'],
  allowedHealthAuthorityIds: [3, 1],
  bypassHealthAuthorityVerification: false,
  bypassRevisionToken: true,
}

test('an app comes back as it was stored, whatever letter case asks for it', async () => {
  await authorizedApps.insert(db, { ...app, name: 'Gov.Example.App' })
  expect(await authorizedApps.find(db, 'GOV.example.APP')).toEqual(app)
  expect(await authorizedApps.update(db, { ...app, allowedRegions: ['CA'] })).toBe(true)
  expect(await authorizedApps.list(db)).toEqual([{ ...app, allowedRegions: ['CA'] }])
  expect(await authorizedApps.remove(db, 'gov.example.APP')).toBe(true)
  expect(await authorizedApps.remove(db, 'gov.example.app')).toBe(false)
  expect(await authorizedApps.find(db, 'gov.example.app')).toBeUndefined()
})

test('an authority comes back with its keys, in the order of their versions', async () => {
  const settings = {
    issuer: 'gov.example',
    audience: 'server',
    name: 'Example',
    jwksUri: 'https://gov.example/jwks',
    enableStats: true,
  }
  const id = await healthAuthorities.insert(db, settings)
  const from = new Date('2020-10-01T00:00:00.123Z')
  const key = { version: 'v2', publicKey: 'PEM', from, thru: undefined }
  await healthAuthorities.insertKey(db, id, key)
  await healthAuthorities.insertKey(db, id, { ...key, version: 'v1', thru: from })
  const stored = { id, ...settings, keys: [{ ...key, version: 'v1', thru: from }, key] }
  expect(await healthAuthorities.find(db, id)).toEqual(stored)
  expect(await healthAuthorities.findByIssuer(db, 'gov.example')).toEqual(stored)
  expect(await healthAuthorities.findByIssuer(db, 'GOV.example')).toBeUndefined()

  const later = new Date('2021-01-01T00:00:00Z')
  await healthAuthorities.updateKeyValidity(db, id, { version: 'v1', from, thru: later })
  const { jwksUri: _, ...withoutJwks } = settings
  await healthAuthorities.update(db, id, withoutJwks)
  const [authority] = await healthAuthorities.listWithKeys(db)
  expect(authority).toEqual({
    id,
    ...withoutJwks,
    keys: [{ ...key, version: 'v1', thru: later }, key],
  })
})

test('a signature info comes back as it was stored', async () => {
  const info = { signingKey: '/k/1', keyId: '310', keyVersion: 'v1', thru: undefined }
  const id = await signatureInfos.insert(db, info)
  const thru = new Date('2021-01-01T00:00:00Z')
  expect(await signatureInfos.listByIds(db, [id, id + 1])).toEqual([{ id, ...info }])
  expect(await signatureInfos.update(db, { id, ...info, thru })).toBe(true)
  expect(await signatureInfos.list(db)).toEqual([{ id, ...info, thru }])
})

const config: Omit<ExportConfig, 'id'> = {
  bucketName: 'exports',
  filenameRoot: 'mx',
  periodSeconds: 14_400,
  outputRegion: 'MX',
  inputRegions: ['MX', 'US'],
  excludeRegions: ['CA'],
  includeTravelers: true,
  onlyNonTravelers: false,
  from: new Date('2020-10-01T00:00:00Z'),
  signatureInfoIds: [2, 1],
}

test('an export config comes back as it was stored, and is active strictly after its beginning and before its end', async () => {
  const id = await exportConfigs.insert(db, config)
  expect(await exportConfigs.find(db, id)).toEqual({ id, ...config })
  const thru = new Date('2020-11-01T00:00:00Z')
  const changed = { id, ...config, thru, maxRecordsOverride: 5 }
  expect(await exportConfigs.update(db, changed)).toBe(true)
  expect(await exportConfigs.list(db)).toEqual([changed])
  const active = async (at: Date | string) =>
    (await exportConfigs.listActive(db, new Date(at))).length
  expect(await active(config.from)).toBe(0)
  expect(await active('2020-10-01T00:00:00.001Z')).toBe(1)
  expect(await active('2020-10-31T23:59:59.999Z')).toBe(1)
  expect(await active(thru)).toBe(0)
})

test('the configuration’s version moves with every change of an app, an authority or its keys', async () => {
  const version = async () =>
    (await db.query<{ version: number }>(sql`select version from configuration_version`))[0]
      ?.version ?? 0
  const steps = [
    () => authorizedApps.insert(db, app),
    () => authorizedApps.remove(db, app.name),
    () =>
      healthAuthorities.insert(db, { issuer: 'i', audience: 'a', name: 'n', enableStats: true }),
  ]
  for (const step of steps) {
    const before = await version()
    await step()
    expect(await version()).toBeGreaterThan(before)
  }
})

test.each([
  ['a period that does not divide a day', { periodSeconds: 5 * 3600 }],
  ['a period of nothing', { periodSeconds: 0 }],
  ['travelers both taken and left out', { onlyNonTravelers: true }],
  ['eleven signers', { signatureInfoIds: Array.from({ length: 11 }, (_, at) => at) }],
  ['a limit of no keys', { maxRecordsOverride: 0 }],
])('the schema refuses an export config with %s', async (_, fault) => {
  await expect(
    exportConfigs.insert(db, { ...config, filenameRoot: 'other', ...fault }),
  ).rejects.toMatchObject({ sqlState: '23514' })
})

test('two export configs never write to one place, whatever the letter case', async () => {
  await expect(
    exportConfigs.insert(db, { ...config, filenameRoot: 'MX', bucketName: 'Exports' }),
  ).rejects.toMatchObject({ constraint: 'export_config_place' })
})
