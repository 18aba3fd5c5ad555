import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { binaries } from './binaries.ts'
import { type Child, startChild, type User } from './child.ts'
import { passwordOf, prepareData } from './data-directory.ts'
import { databaseUser, dataPlace } from './place.ts'
import { freePort, isPortFree } from './ports.ts'
import { endPredecessor, readPidFile } from './predecessor.ts'

const READY_WITHIN_MS = 120_000 // recovery of an unclean folder included

export interface PostgresOptions {
  /** Kept between starts; its superuser's password is kept in a file beside it, `<dataDirectory>.password`. */
  dataDirectory: string
  logFile: string
  /** 0 picks a free one. */
  port: number
  /** For tests: nothing survives a power cut, and everything is faster. */
  forgetful?: boolean
  /** Settings of postgresql.conf on top of ours, for example `{ max_connections: '200' }`. */
  settings?: Readonly<Record<string, string>>
}

export interface Postgres {
  readonly host: string
  readonly port: number
  /** A superuser. */
  readonly user: string
  readonly password: string
  /** Where the data is: not where it was asked for, if the user that PostgreSQL runs as cannot get there. */
  readonly dataDirectory: string
  /** How a client reaches one of its databases, password included. */
  url(database: string): string
  readonly ended: Child['ended']
  /** Ends open sessions, writes everything to disk, and resolves when the server is gone. */
  stop(): Promise<void>
}

/** Starts a PostgreSQL of our own on the loopback; it ends with us, however we end. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { logFile, forgetful = false } = options
  const user = await databaseUser(options.dataDirectory)
  const bin = await binaries(user)
  await mkdir(dirname(options.dataDirectory), { recursive: true })
  const password = await passwordOf(options.dataDirectory)
  const directory = await dataPlace(options.dataDirectory, password, user)
  await endPredecessor(directory)
  await prepareData({ directory, password, bin, user, forgetful })
  const port = options.port || (await freePort())
  if (!(await isPortFree(port))) throw new Error(`port ${port}, wanted by PostgreSQL, is taken`)
  const child = await launch({ bin, directory, user, logFile, settings: settings(port, options) })
  await ready(child, directory, logFile)
  return handle({ child, directory, port, password })
}

interface Launch {
  bin: string
  directory: string
  user: User | undefined
  logFile: string
  settings: readonly string[]
}

async function launch({ bin, directory, user, logFile, settings }: Launch): Promise<Child> {
  await mkdir(dirname(logFile), { recursive: true })
  const log = await open(logFile, 'a', 0o600)
  const child = startChild({
    name: 'postgres',
    command: join(bin, 'postgres'),
    args: ['-D', directory, ...settings],
    cwd: directory,
    user,
    signal: 'INT',
    graceSeconds: 10,
    output: log.fd,
  })
  await log.close()
  return child
}

function settings(port: number, { forgetful = false, settings = {} }: PostgresOptions): string[] {
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '', // a socket's path may hold 107 bytes only
    shared_preload_libraries: 'pg_stat_statements',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(forgetful && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    ...settings,
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function ready(child: Child, directory: string, logFile: string): Promise<void> {
  let hasEnded = false
  void child.ended.then(() => {
    hasEnded = true
  })
  for (const giveUpAt = Date.now() + READY_WITHIN_MS; Date.now() < giveUpAt; ) {
    if (hasEnded) throw new Error(`PostgreSQL did not start; ${await lastLines(logFile)}`)
    if ((await readPidFile(directory))?.isReady) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await child.stop()
  throw new Error(`PostgreSQL was not ready in time; ${await lastLines(logFile)}`)
}

async function lastLines(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8')).trim().split('\n')
  return `its log (${logFile}) ends with:\n${lines.slice(-5).join('\n')}`
}

interface Running {
  child: Child
  directory: string
  port: number
  password: string
}

function handle({ child, directory, port, password }: Running): Postgres {
  const host = '127.0.0.1'
  const user = 'postgres'
  return {
    host,
    port,
    user,
    password,
    dataDirectory: directory,
    url: (database) => `postgres://${user}:${password}@${host}:${port}/${database}`,
    ended: child.ended,
    stop: () => child.stop(),
  }
}
