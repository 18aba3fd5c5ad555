import { randomBytes } from 'node:crypto'
import sql, { raw } from 'sql-template-tag'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Database, openDatabase } from './database.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

const role = `rotating_${randomBytes(4).toString('hex')}`
const select = sql`select current_user as name`

let owner: TestDatabase
let db: Database
/** What the secret manager would say. */
let current: string
let asked: unknown[]

const rotateTo = (password: string) =>
  owner.execute(sql`${raw(`alter role ${role} password '${password}'`)}`)

const endConnections = () =>
  owner.query(sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${role}`)

beforeAll(async () => {
  owner = await testDatabase()
  await owner.execute(sql`${raw(`create role ${role} login`)}`)
})

beforeEach(async () => {
  await rotateTo('first')
  current = 'first'
  asked = []
  const password = async (options: unknown) => {
    asked.push(options)
    return current
  }
  db = openDatabase({ ...owner.config, user: role, password })
  return () => db.close()
})

afterAll(async () => {
  await owner.execute(sql`${raw(`drop role ${role}`)}`)
  await owner.close()
})

test('each new connection asks for the password as it is now', async () => {
  expect(await db.query(select)).toEqual([{ name: role }])
  await rotateTo('second')
  current = 'second'
  expect(await db.query(select)).toEqual([{ name: role }])
  expect(asked).toHaveLength(1)

  await endConnections()

  await expect.poll(() => db.query(select).catch(() => 'cut')).toEqual([{ name: role }])
  expect(asked).toHaveLength(2)
})

test('a password that the server refuses is asked for anew, past any cache', async () => {
  await rotateTo('second')
  await expect(db.query(select)).rejects.toMatchObject({ code: 'database_unavailable' })
  current = 'second'
  expect(await db.query(select)).toEqual([{ name: role }])
  expect(asked).toEqual([{}, { maxAgeMs: 5000 }])
})

test('a password that cannot be read is an outage, whose cause stays and is not told', async () => {
  const cause = new Error('no such secret: db-password')
  const broken = openDatabase({ ...owner.config, password: () => Promise.reject(cause) })
  const attempt = broken.query(select)
  const message = expect.not.stringContaining('db-password')
  await expect(attempt).rejects.toMatchObject({ code: 'database_unavailable', cause, message })
  const authenticating = sql`select pid from pg_stat_activity where state = 'starting' or usename is null and backend_type = 'client backend'`
  await expect.poll(() => owner.query(authenticating)).toEqual([])
  await broken.close()
})
