import { readFileSync } from 'node:fs'
import { chmod, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '@ens/config'
import {
  createDatabase,
  type Database,
  databaseConfig,
  migrate,
  openDatabase,
  sql,
} from '@ens/database'
import { type Postgres, startPostgres } from '@ens/embedded-postgres'
import { type Configuration, configure } from './configuration.ts'
import { ROOT, type Runtime } from './runtime.ts'

/** The machine with what the scenarios share: PostgreSQL that forgets nothing, keys, and a database to copy. */
export interface Stand {
  readonly runtime: Runtime
  readonly configuration: Configuration
  readonly postgres: Postgres
  /** Of the server's `postgres`, to look at all other databases from outside. */
  readonly server: Database
  readonly keyRoot: string
  /** Where services write logs and archives. */
  readonly folder: string
  /** Of the server's first process. */
  readonly postgresPid: number
  readonly postgresVersion: string
  stop(): Promise<void>
}

export const TEMPLATE = 'bench_template'

/** Durable, and else as a small managed server is set up: memory for the table's hot part, and room between checkpoints. */
const SETTINGS = {
  shared_buffers: '1GB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  max_connections: '100',
}

export async function openStand(runtime: Runtime): Promise<Stand> {
  const folder = await openFolder()
  const postgres = await startPostgres({
    dataDirectory: join(folder, 'postgres'),
    logFile: join(folder, 'postgres.log'),
    port: 0,
    settings: SETTINGS,
  })
  const server = openDatabase(loadConfig(databaseConfig, databaseVariables(postgres, 'postgres')))
  await server.execute(sql`create extension if not exists pg_stat_statements`)
  const keyRoot = join(folder, 'keys')
  const configuration = await prepareTemplate(postgres, keyRoot)
  const [version] = await server.query<{ version: string }>(
    sql`select current_setting('server_version') as version`,
  )
  return {
    runtime,
    configuration,
    postgres,
    server,
    keyRoot,
    folder,
    postgresPid: Number(
      readFileSync(join(postgres.dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0],
    ),
    postgresVersion: version?.version ?? 'unknown',
    async stop() {
      await server.close()
      await postgres.stop()
      await rm(postgres.dataDirectory, { recursive: true, force: true })
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function databaseVariables(postgres: Postgres, name: string): Record<string, string> {
  return {
    DB_HOST: postgres.host,
    DB_PORT: String(postgres.port),
    DB_NAME: name,
    DB_USER: postgres.user,
    DB_PASSWORD: postgres.password,
    DB_SSLMODE: 'disable',
  }
}

async function prepareTemplate(postgres: Postgres, keyRoot: string): Promise<Configuration> {
  const config = loadConfig(databaseConfig, databaseVariables(postgres, TEMPLATE))
  await createDatabase(config)
  await migrate(config)
  const db = openDatabase(config)
  try {
    return await configure(db, keyRoot)
  } finally {
    await db.close()
  }
}

/** On the disk of the checkout, since a temporary folder may lie in memory; without those of runs that were killed. */
async function openFolder(): Promise<string> {
  const parent = join(ROOT, 'bench')
  for (const name of await readdir(parent)) {
    const owner = Number(/^\.stand-(\d+)$/.exec(name)?.[1])
    if (owner && !isAlive(owner)) await rm(join(parent, name), { recursive: true, force: true })
  }
  const folder = join(parent, `.stand-${process.pid}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  await chmod(folder, 0o755) // as root, PostgreSQL runs as another user
  return folder
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
