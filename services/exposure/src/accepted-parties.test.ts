import { authorizedApps, healthAuthorities, sql } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { anAuthorizedApp, OCTOBER_5_NOON } from '@ens/domain/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AcceptedParties, keepAcceptedParties } from './accepted-parties.ts'

let db: TestDatabase
let parties: AcceptedParties
let changes = 0
beforeAll(async () => {
  db = await testDatabase()
  parties = keepAcceptedParties({
    db,
    now: () => OCTOBER_5_NOON,
    appMaxAgeMs: 60_000,
    healthAuthorityMaxAgeMs: 60_000,
    intervalMs: 5,
    onFailure: () => {},
    onLook: () => {},
    onChange: () => {
      changes++
    },
  })
})
afterAll(async () => {
  parties.close()
  await db.close()
})

test('an app that is added, changed or removed is noticed in the background', async () => {
  expect(await parties.findApp('com.example.app')).toBeUndefined()
  const app = anAuthorizedApp()
  await authorizedApps.insert(db, app)
  await expect.poll(() => parties.findApp('COM.example.app'), { interval: 5 }).toEqual(app)
  const changed = { ...app, bypassRevisionToken: true }
  await authorizedApps.update(db, changed)
  await expect.poll(() => parties.findApp(app.name), { interval: 5 }).toEqual(changed)
  await authorizedApps.remove(db, app.name)
  await expect.poll(() => parties.findApp(app.name), { interval: 5 }).toBeUndefined()
})

test('so is an authority, and a key that is revoked', async () => {
  const settings = { issuer: 'gov.example', audience: 'a', name: 'n', enableStats: true }
  const id = await healthAuthorities.insert(db, settings)
  const find = () => parties.findHealthAuthority('gov.example')
  await expect.poll(find, { interval: 5 }).toEqual({ id, ...settings, keys: [] })
  const key = { version: 'v1', publicKey: 'PEM', from: new Date(0), thru: undefined }
  await healthAuthorities.insertKey(db, id, key)
  await expect.poll(find, { interval: 5 }).toMatchObject({ keys: [key] })
  const revoked = { ...key, thru: OCTOBER_5_NOON }
  await healthAuthorities.updateKeyValidity(db, id, revoked)
  await expect.poll(find, { interval: 5 }).toMatchObject({ keys: [revoked] })
  expect(await parties.findHealthAuthority('GOV.example')).toBeUndefined()
})

test('a change of any configuration is told, a revoked revision key included', async () => {
  await parties.findApp('anything')
  const before = changes
  await db.execute(sql`
    insert into revision_key (aad, wrapped_cipher, created_at) values ('x', 'x', ${OCTOBER_5_NOON})`)
  await expect.poll(() => changes, { interval: 5 }).toBeGreaterThan(before)
})

test('what clients ask for is not remembered: an unknown name asks the database nothing', async () => {
  await db.execute(sql`create extension pg_stat_statements`)
  parties.close()
  await parties.findApp('anything')
  const before = await statements()
  for (let i = 0; i < 100; i++) expect(await parties.findApp(`made-up-${i}`)).toBeUndefined()
  expect(await statements()).toBe(before)
})

async function statements(): Promise<number | undefined> {
  const [row] = await db.query<{ calls: number }>(sql`
    select sum(calls)::integer as calls from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())
      and (query like '%configuration_version%' or query like '%authorized_app%')`)
  return row?.calls
}
