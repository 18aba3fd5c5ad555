import { sql } from '@ens/database'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  publishBody,
  publishTo,
  sentKey,
  type TestServer,
  testServer,
} from './testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.close())

test('instances that start together on an empty database make one key, and read each other’s tokens', async () => {
  await server.db.execute(sql`truncate revision_key`)
  const instances = await Promise.all(Array.from({ length: 4 }, () => server.another()))
  const replies = await Promise.all(
    instances.map((app, i) => publishTo(app, publishBody([sentKey(i)], { reportType: 'likely' }))),
  )
  expect(await server.db.query(sql`select from revision_key`)).toHaveLength(1)
  for (const [i, { body }] of replies.entries()) {
    const { revisionToken } = body
    const other = instances[(i + 1) % instances.length]
    if (!other) throw new Error('there are four')
    const revised = await publishTo(other, publishBody([sentKey(i)], { body: { revisionToken } }))
    expect(revised).toMatchObject({ status: 200 })
  }
  expect(
    await server.db.query(sql`select from exposure where revised_report_type = 'confirmed'`),
  ).toHaveLength(4)
})
