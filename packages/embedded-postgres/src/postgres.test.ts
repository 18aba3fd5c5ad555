import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Postgres, startPostgres } from './postgres.ts'
import { readPidFile } from './predecessor.ts'
import { commandLineOf, parentOf } from './processes.ts'
import { childrenOf } from './testing/children.ts'
import { query } from './testing/session.ts'

const STARTER = fileURLToPath(new URL('./testing/starter.ts', import.meta.url))
const DEAD_PROCESS = 99_999_999

let home: string
const running = new Set<Pick<Postgres, 'stop' | 'dataDirectory'>>()
const starters = new Set<ChildProcess>()

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'embedded postgres '))
  await chmod(home, 0o755)
})

afterEach(async () => {
  for (const starter of starters) starter.kill('SIGKILL')
  for (const postgres of running) {
    await postgres.stop()
    await rm(postgres.dataDirectory, { recursive: true, force: true })
  }
  starters.clear()
  running.clear()
  await rm(home, { recursive: true, force: true, maxRetries: 5 })
})

async function start(directory = home, port = 0): Promise<Postgres> {
  const postgres = await startPostgres({
    dataDirectory: join(directory, 'data'),
    logFile: join(directory, 'log'),
    port,
  })
  running.add(postgres)
  return postgres
}

/** A PostgreSQL that another process has started, and that process. */
async function startElsewhere(): Promise<{ url: string; starter: ChildProcess; pid: number }> {
  const starter = spawn(process.execPath, [STARTER, join(home, 'data'), join(home, 'log')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  starters.add(starter)
  const [line] = (await once(starter.stdout, 'data')) as [Buffer]
  const { url } = JSON.parse(line.toString()) as { url: string }
  const file = await readPidFile(join(home, 'data'))
  return { url, starter, pid: file?.pid ?? 0 }
}

const isRunning = (pid: number) => commandLineOf(pid) !== ''

test('a path with spaces holds a PostgreSQL that takes its password and nothing else', async () => {
  const postgres = await start()

  expect(await query(postgres.url('postgres'), 'select 1 + 1')).toEqual([['2']])
  const wrong = postgres.url('postgres').replace(postgres.password, 'guessed')
  await expect(query(wrong, 'select 1')).rejects.toThrow('password authentication failed')
})

test('the password lies in a file that only its owner reads', async () => {
  const postgres = await start()

  const file = join(home, 'data.password')
  expect((await readFile(file, 'utf8')).trim()).toBe(postgres.password)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('statistics of statements are there for whoever creates the extension', async () => {
  const postgres = await start()

  const loaded = await query(postgres.url('postgres'), 'show shared_preload_libraries')
  expect(loaded).toEqual([['pg_stat_statements']])
})

test('a second start finds what the first one stored, under the same password', async () => {
  const first = await start()
  await query(first.url('postgres'), 'create table kept as select 7 as n')
  await first.stop()

  const second = await start()
  expect(second.password).toBe(first.password)
  expect(await query(second.url('postgres'), 'select n from kept')).toEqual([['7']])
})

test('a starter that is killed leaves no PostgreSQL behind', async () => {
  const { starter, pid } = await startElsewhere()
  expect(isRunning(pid)).toBe(true)

  starter.kill('SIGKILL')

  await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false)
})

test('a data folder that was never closed recovers, with all that was committed', async () => {
  const { url, starter, pid } = await startElsewhere()
  await query(url, 'create table kept as select 7 as n')
  process.kill(pid, 'SIGKILL')
  await once(starter, 'exit')

  const next = await start()
  expect(await query(next.url('postgres'), 'select n from kept')).toEqual([['7']])
})

test('a PostgreSQL whose guards were killed too is ended by the next start', async () => {
  const { starter, pid } = await startElsewhere()
  const guard = parentOf(pid)
  const watchers = childrenOf(guard).filter((other) => other !== pid)
  for (const shell of [guard, ...watchers]) process.kill(shell, 'SIGKILL')
  starter.kill('SIGKILL')

  const next = await start()
  expect(await query(next.url('postgres'), 'select 1')).toEqual([['1']])
  expect(isRunning(pid)).toBe(false)
})

test('data that is in use is not opened a second time', async () => {
  const { url } = await startElsewhere()

  await expect(start()).rejects.toThrow(/is running in .*data.*started twice/)
  expect(await query(url, 'select 1')).toEqual([['1']])
})

test('what a killed initdb left is cleared away, and is no data', async () => {
  const leftOver = join(home, `data.new-${DEAD_PROCESS}`)
  await mkdir(join(leftOver, 'data'), { recursive: true })
  await writeFile(join(leftOver, 'data', 'PG_VERSION'), '18')

  const postgres = await start()
  expect(await query(postgres.url('postgres'), 'select 1')).toEqual([['1']])
  expect((await readdir(home)).sort()).toEqual(['data', 'data.password', 'log'])
})

test('a number left in the lock file that another process bears is no obstacle', async () => {
  const first = await start()
  await first.stop()
  const stale = [process.pid, first.dataDirectory, 1, first.port, '', '127.0.0.1', '', 'ready']
  await writeFile(join(first.dataDirectory, 'postmaster.pid'), stale.join('\n'))

  const second = await start()
  expect(await query(second.url('postgres'), 'select 1')).toEqual([['1']])
})

test('a taken port is named', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }

  await expect(start(home, port)).rejects.toThrow(`port ${port}, wanted by PostgreSQL, is taken`)
  server.close()
})

test('data without its password is not thrown away, but asked about', async () => {
  const first = await start()
  await first.stop()
  await rm(join(home, 'data.password'))

  await expect(start()).rejects.toThrow(/password of the data in .* is missing/)
})

test('a start that fails shows the end of the log', async () => {
  const first = await start()
  await first.stop()
  await writeFile(join(first.dataDirectory, 'postgresql.conf'), 'no_such_setting = on\n')

  await expect(start()).rejects.toThrow(/did not start; its log .*no_such_setting/s)
})

test('data goes where the user that PostgreSQL runs as can enter, and that is told', async () => {
  const closed = join(home, 'closed')
  await mkdir(closed, { mode: 0o700 })

  const postgres = await start(closed)
  expect(await query(postgres.url('postgres'), 'select 1')).toEqual([['1']])
  // Only root has to run it as somebody else, who is locked out here.
  const isMoved = !postgres.dataDirectory.startsWith(closed)
  expect(isMoved).toBe(process.getuid?.() === 0)
})

test('who removes the folder of the data starts afresh, wherever the data was', async () => {
  const closed = join(home, 'closed')
  await mkdir(closed, { mode: 0o700 })
  const first = await start(closed)
  await query(first.url('postgres'), 'create table kept as select 7 as n')
  await first.stop()

  await rm(closed, { recursive: true })
  await mkdir(closed, { mode: 0o700 })
  const second = await start(closed)

  expect(await query(second.url('postgres'), "select to_regclass('kept') is null")).toEqual([['t']])
})
