import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import type { DatabaseConfig } from './config.ts'
import { clientConfig } from './connection.ts'
import { type Database, openDatabase } from './database.ts'
import { MIGRATIONS, migrate } from './migrate.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string
  }
}

type TestConfig = DatabaseConfig & { password: string | undefined }

export interface TestDatabase extends Database {
  readonly config: TestConfig
  readonly url: string
}

/** A database of the test's own, at the newest migration; `close` drops it. */
export async function testDatabase(): Promise<TestDatabase> {
  const template = await templateDatabase()
  const name = `ens_test_${randomBytes(6).toString('hex')}`
  await onServer((server) => server.query(`create database ${name} template ${template}`))
  return opened(name)
}

/** A database of the test's own that no migration has touched; `close` drops it. */
export async function emptyTestDatabase(): Promise<TestDatabase> {
  const name = `ens_test_${randomBytes(6).toString('hex')}`
  await onServer((server) => server.query(`create database ${name}`))
  return opened(name)
}

function opened(name: string): TestDatabase {
  const config = testConfig(name)
  const db = openDatabase(config)
  return {
    ...db,
    config,
    url: `${new URL(name, serverUrl())}`,
    async close() {
      await db.close()
      await onServer((server) => server.query(`drop database if exists ${name} with (force)`))
    },
  }
}

/** How to reach one database of the test server. */
export function testConfig(name: string, overrides: Partial<TestConfig> = {}): TestConfig {
  const url = serverUrl()
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    name,
    user: decodeURIComponent(url.username),
    password: url.password ? decodeURIComponent(url.password) : undefined,
    tlsMode: 'disable',
    tlsCertFile: undefined,
    tlsKeyFile: undefined,
    tlsRootCertFile: undefined,
    connectTimeoutSeconds: 10,
    poolMin: 0,
    poolMax: 5,
    connectionLifetimeMs: 300_000,
    connectionIdleMs: 10_000,
    preparedStatements: true,
    ...overrides,
  }
}

let template: Promise<string> | undefined

/** Migrated once for the whole run; its name tells which migrations it holds, so that a kept server is no trap. */
function templateDatabase(): Promise<string> {
  template ??= prepareTemplate()
  return template
}

async function prepareTemplate(): Promise<string> {
  const digest = createHash('sha256')
  for (const file of readdirSync(MIGRATIONS).sort())
    digest.update(readFileSync(join(MIGRATIONS, file)))
  const name = `ens_template_${digest.digest('hex').slice(0, 12)}`
  await onServer(async (server) => {
    // Test files that start together take turns; the lock ends with the connection.
    await server.query('select pg_advisory_lock(7237)')
    const { rowCount } = await server.query('select from pg_database where datname = $1', [name])
    if (rowCount) return
    await server.query(`drop database if exists ${name}_partial`) // what a killed run left
    await server.query(`create database ${name}_partial`)
    await migrate(testConfig(`${name}_partial`))
    await server.query(`alter database ${name}_partial rename to ${name}`)
  })
  return name
}

async function onServer(work: (server: pg.Client) => Promise<unknown>): Promise<void> {
  const server = new pg.Client(clientConfig(testConfig('postgres')))
  await server.connect()
  try {
    await work(server)
  } finally {
    await server.end()
  }
}

function serverUrl(): URL {
  return new URL(inject('databaseUrl'))
}
