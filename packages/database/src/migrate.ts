import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { DatabaseConfig } from './config.ts'
import { clientConfig } from './connection.ts'
import { translated } from './fault.ts'

export interface MigrateOptions {
  /** The folder of the migrations; by default the one of this checkout. */
  directory?: string
  direction?: 'up' | 'down'
  /** How many migrations to apply (or take back); all of them by default, one when going down. */
  count?: number
  log?: { info: (message: string) => void; warn: (message: string) => void }
}

export const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url))

/**
 * Brings a database to the newest migration, or back, and names what it applied. Each run is one transaction. Callers that
 * come together take turns by a session lock, so the connection must not go through a pooler in transaction mode.
 */
export async function migrate(
  config: DatabaseConfig,
  { directory = MIGRATIONS, direction = 'up', count, log }: MigrateOptions = {},
): Promise<string[]> {
  const dbClient = new pg.Client(clientConfig(config))
  dbClient.on('error', () => {}) // cut between two statements; the next one fails
  try {
    await dbClient.connect()
    // Loaded only here: services never migrate, and need not keep it in memory.
    const { runner } = await import('node-pg-migrate')
    const applied = await runner({
      dbClient,
      dir: directory,
      direction,
      count: count ?? (direction === 'up' ? Number.POSITIVE_INFINITY : 1),
      migrationsTable: 'migration',
      checkOrder: true,
      singleTransaction: true,
      advisoryLockMode: 'wait',
      logger: {
        debug: () => {},
        info: (message) => log?.info(message),
        warn: (message) => log?.warn(message),
        error: (message) => log?.warn(message),
      },
    })
    return applied.map((migration) => migration.name)
  } catch (error) {
    throw translated(error)
  } finally {
    await dbClient.end().catch(() => {}) // it never connected, or was cut: there is nothing left to close
  }
}
