import type { HealthAuthorityKey } from '@ens/domain'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { healthAuthorities } from './index.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let db: TestDatabase
let id: number
beforeAll(async () => {
  db = await testDatabase()
  const settings = { issuer: 'gov.example', audience: 'a', name: 'n', enableStats: true }
  id = await healthAuthorities.insert(db, settings)
})
afterAll(() => db.close())

const key = (version: string): HealthAuthorityKey => ({
  version,
  publicKey: `PEM of ${version}`,
  from: new Date('2020-10-01T00:00:00Z'),
  thru: undefined,
})
const keys = async () => (await healthAuthorities.find(db, id))?.keys

test('a key can be given another version, and deleted, once', async () => {
  await healthAuthorities.insertKey(db, id, key('v1'))
  await healthAuthorities.insertKey(db, id, key('v2'))
  expect(await healthAuthorities.renameKey(db, id, 'v1', 'v0')).toBe(true)
  expect(await healthAuthorities.renameKey(db, id, 'v1', 'v3')).toBe(false)
  expect(await keys()).toEqual([{ ...key('v1'), version: 'v0' }, key('v2')])
  await healthAuthorities.removeKey(db, id, 'v0')
  await healthAuthorities.removeKey(db, id, 'v0')
  expect(await keys()).toEqual([key('v2')])
})

test('who locks an authority sees its keys as they are, and nobody adds one meanwhile', async () => {
  await db.transaction(async (tx) => {
    expect(await healthAuthorities.lock(tx, id)).toMatchObject({ id, keys: [key('v2')] })
    const another = { statementTimeoutMs: 50 }
    const added = db.transaction((tx) => healthAuthorities.insertKey(tx, id, key('v4')), another)
    await expect(added).rejects.toMatchObject({ code: 'database_timeout' })
    const ended = { ...key('v2'), thru: new Date('2020-10-05T00:00:00Z') }
    const revoked = db.transaction(
      (tx) => healthAuthorities.updateKeyValidity(tx, id, ended),
      another,
    )
    await expect(revoked).rejects.toMatchObject({ code: 'database_timeout' })
  })
  expect(await keys()).toEqual([key('v2')])
  expect(await db.transaction((tx) => healthAuthorities.lock(tx, id + 1))).toBeUndefined()
})
