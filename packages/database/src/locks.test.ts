import { afterAll, beforeAll, expect, test } from 'vitest'
import { holdsLock, removeExpiredLocks, sql, withLock } from './index.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

const START = Date.parse('2020-06-15T12:00:00Z')

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())

const at = (seconds: number) => () => new Date(START + seconds * 1000)
const lock = (name: string, seconds = 0, ttlMs = 60_000) => ({ name, ttlMs, now: at(seconds) })

test('a lock that is held is refused to others, and only that one', async () => {
  const outcome = await withLock(db, lock('export'), async () => [
    await withLock(db, lock('export', 59.9), async () => 'inner'),
    await withLock(db, lock('mirror'), async () => 'other'),
  ])
  expect(outcome).toEqual({ ran: true, result: [{ ran: false }, { ran: true, result: 'other' }] })
})

test('a lock is free again after its holder failed', async () => {
  await expect(
    withLock(db, lock('mirror'), () => Promise.reject(new Error('boom'))),
  ).rejects.toThrow('boom')
  expect(await withLock(db, lock('mirror'), async () => 'next')).toEqual({
    ran: true,
    result: 'next',
  })
})

test('an expired lock passes on, and its late holder does not take it away', async () => {
  const outcome = await withLock(db, lock('jwks'), async (late) => {
    const second = await withLock(db, lock('jwks', 60), async (holder) => {
      return [
        await holdsLock(db, 'jwks', late.token, at(60)()),
        await holdsLock(db, 'jwks', holder.token, at(60)()),
      ]
    })
    return second
  })
  expect(outcome).toEqual({ ran: true, result: { ran: true, result: [false, true] } })
})

test('the late holder’s release leaves the successor’s lock alone', async () => {
  let release = () => {}
  const late = withLock(db, lock('late'), () => new Promise<void>((done) => (release = done)))
  await withLock(db, lock('late', 61), async () => {
    release()
    await late
    expect(await withLock(db, lock('late', 62), async () => 'third')).toEqual({ ran: false })
  })
})

test('a living holder keeps its lock longer than its time, because it renews it', async () => {
  let clock = START
  const now = () => new Date(clock)
  await withLock(db, { name: 'long', ttlMs: 30, now }, async () => {
    clock += 1000
    const renewed = new Date(clock + 30)
    await expect
      .poll(() => db.query(sql`select expires_at from lock where name = 'long'`), { interval: 5 })
      .toEqual([{ expires_at: renewed }])
  })
})

test('a holder is told when its lock has become another’s', async () => {
  let clock = START
  const now = () => new Date(clock)
  const outcome = await withLock(db, { name: 'lost', ttlMs: 30, now }, async ({ lost }) => {
    const gone = new Promise((resolve) => lost.addEventListener('abort', () => resolve('told')))
    clock += 1_000_000
    await db.execute(sql`update lock set token = gen_random_uuid() where name = 'lost'`)
    return gone
  })
  expect(outcome).toEqual({ ran: true, result: 'told' })
})

test('of twenty that want one lock at once, one gets it and none fails', async () => {
  const wanted = Array.from({ length: 20 }, () =>
    withLock(db, lock('crowd'), async () => {
      // Held until everybody has asked.
      await expect.poll(async () => asked).toBe(20)
    }).finally(() => asked++),
  )
  let asked = 1
  const outcomes = await Promise.all(wanted)
  expect(outcomes.filter(({ ran }) => ran)).toHaveLength(1)
})

test('what crashed holders left can be removed; a lock that is held stays', async () => {
  await db.execute(sql`delete from lock`)
  const acquired = { token: crypto.randomUUID(), name: 'left behind', until: at(60)() }
  await db.execute(sql`
    insert into lock (name, token, expires_at) values (${acquired.name}, ${acquired.token}, ${acquired.until})`)
  await withLock(db, lock('held', 1), async () => {
    expect(await removeExpiredLocks(db, at(60)())).toBe(0)
    expect(await removeExpiredLocks(db, at(61)())).toBe(1)
    expect(await withLock(db, lock('held', 60), async () => 'ran')).toEqual({ ran: false })
  })
})
