import { type Database, openDatabase, sql } from '@ens/database'
import type { App } from '@ens/server'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openDependencies } from './dependencies.ts'
import { type DatabaseProxy, databaseProxy } from './testing/proxy.ts'
import {
  publishBody,
  publishTo,
  sentKey,
  type TestServer,
  testConfig,
  testServer,
} from './testing/test-server.ts'

let server: TestServer
let proxy: DatabaseProxy
let db: Database
let app: App

beforeAll(async () => {
  server = await testServer()
  proxy = await databaseProxy(server.db)
  db = openDatabase({ ...server.db.config, port: proxy.port, connectTimeoutSeconds: 1 })
  app = await server.another({ context: { db } })
})
afterAll(async () => {
  await db.close()
  await proxy.close()
  await server.close()
})
beforeEach(async () => {
  proxy.mend()
  await server.db.execute(sql`truncate exposure, publish_event`)
})

const keys = Array.from({ length: 14 }, (_, i) => sentKey(i))

const rows = async () => {
  const [row] = await server.db.query<{ keys: number; events: number }>(sql`
    select (select count(*) from exposure) as keys, (select count(*) from publish_event) as events`)
  return row
}

test('a database that is out of reach is 503 with all that a phone needs to try again', async () => {
  await publishTo(app, publishBody([sentKey(20)]))
  proxy.cut()
  const reply = await publishTo(app, publishBody(keys))
  expect(reply).toMatchObject({
    status: 503,
    headers: {
      'retry-after': expect.stringMatching(/^\d+$/),
      'x-api-version': 'v1',
      'content-type': 'application/json',
    },
    body: { code: 'internal_error', error: expect.any(String), padding: expect.any(String) },
  })
  expect(reply.body.error).not.toMatch(/127\.0\.0\.1|ECONN|ens_test/)
  proxy.mend()
  expect(await publishTo(app, publishBody(keys))).toMatchObject({ status: 200 })
})

test('apps that were never read cannot be told from unknown ones: 503, not 401', async () => {
  proxy.cut()
  const started = await server.another({ context: { db } })
  const reply = await publishTo(started, publishBody(keys))
  expect(reply).toMatchObject({ status: 503, body: { code: 'unable_to_load_health_authority' } })
  proxy.mend()
  expect(await publishTo(started, publishBody(keys))).toMatchObject({ status: 200 })
})

test('an answer that is lost after the commit: sent again, the publish is accepted and not counted again', async () => {
  await publishTo(app, publishBody([sentKey(20)]))
  proxy.loseNextAnswer()
  const lost = await publishTo(app, publishBody(keys))
  expect([lost.status, lost.body.code]).toEqual([503, 'internal_error'])
  proxy.mend()
  await expect.poll(rows, { interval: 5 }).toEqual({ keys: 15, events: 2 })
  const again = await publishTo(app, publishBody(keys))
  expect(again).toMatchObject({ status: 200, body: { revisionToken: expect.any(String) } })
  expect(await rows()).toEqual({ keys: 15, events: 2 })
})

test('a connection that is cut while the publish waits leaves nothing behind', async () => {
  await publishTo(app, publishBody([sentKey(20)]))
  const reply = await server.db.transaction(async (tx) => {
    await tx.execute(sql`lock table exposure`)
    const publish = publishTo(app, publishBody(keys))
    await expect.poll(waiting, { interval: 5 }).toBe(1)
    await tx.query(sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`)
    return publish
  })
  expect([reply.status, reply.body.code]).toEqual([503, 'internal_error'])
  expect(await rows()).toEqual({ keys: 1, events: 1 })
})

test('a service whose clock is not the database’s stores nothing, because an export might miss it', async () => {
  const behind = await server.another({ context: { hasMovedClock: false } })
  const reply = await publishTo(behind, publishBody(keys))
  expect([reply.status, reply.body.code]).toEqual([503, 'internal_error'])
  expect(await rows()).toEqual({ keys: 0, events: 0 })
})

test('a database that says nothing at all is given up at the deadline', async () => {
  const { close, ...deps } = await openDependencies(testConfig(server.db), {
    ...server.context,
    db,
  })
  const impatient = await server.mount({ ...deps, deadlineMs: 50 })
  await deps.parties.findApp('com.example.app')
  proxy.stall()
  const reply = await publishTo(impatient, publishBody(keys))
  expect([reply.status, reply.body.code]).toEqual([503, 'internal_error'])
  proxy.mend()
  await close()
})

const waiting = async () => {
  const [row] = await server.db.query<{ n: number }>(sql`
    select count(*) as n from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`)
  return row?.n
}
