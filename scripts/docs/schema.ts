import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@ens/config'
import { type Database, databaseConfig, migrate, openDatabase } from '@ens/database'
import { startPostgres } from '@ens/embedded-postgres'
import { describeSchema } from './catalogue.ts'

const INTRODUCTION = `-- The schema after all migrations, so that a review sees the result.
-- Written by \`npx -y pnpm@12 run docs\` from the catalogue of a migrated database; do not edit.
`

/** Migrates an empty database and writes down what is in it then. */
export async function schemaFile(): Promise<string> {
  return withMigratedDatabase(async (db) => `${INTRODUCTION}\n${await describeSchema(db)}`)
}

async function withMigratedDatabase<T>(work: (db: Database) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'schema-'))
  await chmod(directory, 0o755) // as root, PostgreSQL runs as another user
  const postgres = await startPostgres({
    dataDirectory: join(directory, 'data'),
    logFile: join(directory, 'log'),
    port: 0,
    forgetful: true,
  })
  try {
    const config = loadConfig(databaseConfig, {
      DB_HOST: postgres.host,
      DB_PORT: String(postgres.port),
      DB_NAME: 'postgres',
      DB_USER: postgres.user,
      DB_PASSWORD: postgres.password,
      DB_SSLMODE: 'disable',
    })
    await migrate(config)
    const db = openDatabase(config)
    return await work(db).finally(() => db.close())
  } finally {
    await postgres.stop()
    await rm(directory, { recursive: true, force: true })
    await rm(postgres.dataDirectory, { recursive: true, force: true })
  }
}
