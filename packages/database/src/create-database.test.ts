import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createDatabase, openDatabase, sql } from './index.ts'
import { emptyTestDatabase, testConfig } from './testing.ts'

test('a database is created once, whatever its name', async () => {
  const name = `ens_test_"quoted" ${randomBytes(4).toString('hex')}`
  const config = testConfig(name)
  await createDatabase(config)
  const created = openDatabase(config)
  await created.execute(sql`create table kept (n int)`)
  await created.close()

  await createDatabase(config)

  const again = openDatabase(config)
  expect(await again.query(sql`select to_regclass('kept') is not null as kept`)).toEqual([
    { kept: true },
  ])
  await again.close()
})

test('a server that is out of reach is said to be', async () => {
  const db = await emptyTestDatabase()
  await db.close()
  await expect(
    createDatabase({ ...db.config, port: 1, connectTimeoutSeconds: 1 }),
  ).rejects.toMatchObject({ code: 'database_unavailable' })
})
