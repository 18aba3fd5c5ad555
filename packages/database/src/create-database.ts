import pg from 'pg'
import type { DatabaseConfig } from './config.ts'
import { clientConfig } from './connection.ts'
import { translated } from './fault.ts'

/** Creates the database that the settings name, unless it is there. The user must have the right to, on the server's `postgres`. */
export async function createDatabase(config: DatabaseConfig): Promise<void> {
  const server = new pg.Client(clientConfig({ ...config, name: 'postgres' }))
  server.on('error', () => {}) // cut between two statements; the next one fails
  try {
    await server.connect()
    const { rowCount } = await server.query('select from pg_database where datname = $1', [
      config.name,
    ])
    if (!rowCount) await server.query(`create database ${pg.escapeIdentifier(config.name)}`)
  } catch (error) {
    throw translated(error)
  } finally {
    await server.end().catch(() => {}) // it never connected, or was cut: there is nothing left to close
  }
}
