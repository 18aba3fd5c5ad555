import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MIGRATIONS, migrate, openDatabase, sql } from './index.ts'
import { emptyTestDatabase, type TestDatabase } from './testing.ts'

const NAMES = readdirSync(MIGRATIONS)
  .filter((file) => file.endsWith('.sql'))
  .map((file) => file.replace('.sql', ''))
  .sort()

let db: TestDatabase
beforeAll(async () => {
  db = await emptyTestDatabase()
})
afterAll(() => db.close())

test('each migration taken back leaves the schema as it was before', async () => {
  const before: unknown[] = []
  for (const name of NAMES) {
    before.push(await catalogue())
    expect(await migrate(db.config, { count: 1 })).toEqual([name])
  }
  expect(await migrate(db.config)).toEqual([])
  for (const name of [...NAMES].reverse()) {
    expect(await migrate(db.config, { direction: 'down' })).toEqual([name])
    expect(await catalogue()).toEqual(before.pop())
  }
})

test('four that migrate at once take turns, and every migration runs once', async () => {
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(db.config)))
  expect(applied.flat()).toEqual(NAMES)
})

test('a database that is out of reach is said to be', async () => {
  await expect(migrate({ ...db.config, port: 1, connectTimeoutSeconds: 1 })).rejects.toMatchObject({
    code: 'database_unavailable',
  })
})

/** Everything that a migration could leave behind; a fresh connection, because dropped types linger in one that is open. */
async function catalogue(): Promise<unknown> {
  const fresh = openDatabase(db.config)
  try {
    return await fresh.query(sql`
      select 'relation ' || relname || ' ' || relkind::text as object from pg_class
      where relnamespace = 'public'::regnamespace and relname !~ '^migration'
      union all
      select 'column ' || attrelid::regclass || '.' || attname || ' ' || atttypid::regtype || ' ' || attnotnull
      from pg_attribute join pg_class on pg_class.oid = attrelid
      where relnamespace = 'public'::regnamespace and relname !~ '^migration' and attnum > 0 and not attisdropped
      union all
      select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
      where connamespace = 'public'::regnamespace and conname !~ '^migration'
      union all
      select 'function ' || oid::regprocedure || prosrc from pg_proc where pronamespace = 'public'::regnamespace
      union all
      select 'type ' || typname from pg_type
      where typnamespace = 'public'::regnamespace and typname !~ '^_?migration'
      union all
      select 'trigger ' || tgname || ' ' || tgrelid::regclass from pg_trigger where not tgisinternal
      order by 1`)
  } finally {
    await fresh.close()
  }
}
