import { afterAll, beforeAll, expect, test } from 'vitest'
import { configuration, revisionKeys, sql } from './index.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())

const key = (createdAt: string) => ({
  wrappedKey: Buffer.from(`wrapped ${createdAt}`),
  aad: Buffer.from('aad'),
  createdAt: new Date(createdAt),
})

test('the newest key comes first; a destroyed one is gone, and its kid is not used again', async () => {
  const before = await configuration.version(db)
  const newer = await revisionKeys.insert(db, key('2020-10-08T00:00:00Z'))
  const older = await revisionKeys.insert(db, key('2020-10-01T00:00:00Z'))
  expect(await revisionKeys.listAllowed(db)).toEqual([
    { kid: newer, ...key('2020-10-08T00:00:00Z') },
    { kid: older, ...key('2020-10-01T00:00:00Z') },
  ])
  expect(await revisionKeys.destroy(db, newer)).toBe(true)
  expect(await revisionKeys.destroy(db, newer)).toBe(false)
  expect((await revisionKeys.listAllowed(db)).map(({ kid }) => kid)).toEqual([older])
  expect(
    await db.query(sql`select wrapped_cipher, aad from revision_key where kid = ${newer}`),
  ).toEqual([{ wrapped_cipher: null, aad: null }])
  expect(await configuration.version(db)).toBeGreaterThan(before)
})

test('of several that start at once and find no key, one makes it', async () => {
  await db.execute(sql`delete from revision_key`)
  const start = () =>
    db.transaction(async (tx) => {
      await revisionKeys.lockForInsert(tx)
      const [found] = await revisionKeys.listAllowed(tx)
      return found?.kid ?? (await revisionKeys.insert(tx, key('2020-10-01T00:00:00Z')))
    })
  const kids = await Promise.all([start(), start(), start(), start()])
  expect(new Set(kids).size).toBe(1)
})
