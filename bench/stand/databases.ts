import { loadConfig } from '@ens/config'
import { type Database, databaseConfig, openDatabase, sql } from '@ens/database'
import { databaseVariables, type Stand, TEMPLATE } from './stand.ts'

/** A database of one scenario's own, migrated and configured, empty and never analysed. */
export interface BenchDatabase {
  readonly name: string
  /** For the driver without anything of ours. */
  readonly url: string
  readonly variables: Record<string, string>
  readonly db: Database
}

/** Lends a database to the work, and drops it. */
export async function withDatabase<T>(
  stand: Stand,
  name: string,
  work: (database: BenchDatabase) => Promise<T>,
): Promise<T> {
  const copy = `bench_${name}`
  await create(stand, copy)
  const variables = databaseVariables(stand.postgres, copy)
  const db = openDatabase(loadConfig(databaseConfig, variables))
  try {
    return await work({ name: copy, url: stand.postgres.url(copy), variables, db })
  } finally {
    await db.close()
    await drop(stand, copy)
  }
}

/** Puts a new database in its place, of which PostgreSQL knows nothing; who was connected has to connect again. */
export async function renew(stand: Stand, { name }: BenchDatabase): Promise<void> {
  await drop(stand, name)
  await create(stand, name)
}

async function create({ server }: Stand, name: string): Promise<void> {
  await server.execute(statement(`create database ${name} template ${TEMPLATE}`))
}

async function drop({ server }: Stand, name: string): Promise<void> {
  await server.execute(statement(`drop database ${name} with (force)`))
}

/** Has PostgreSQL know the tables as it would after some hours in production, and writes everything to disk. */
export async function settle({ db }: BenchDatabase): Promise<void> {
  await db.execute(sql`vacuum analyze`)
  await db.execute(sql`checkpoint`)
}

/** Names of ours, which no parameter can stand for. */
function statement(text: string) {
  return sql([text])
}
