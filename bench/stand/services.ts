import { mkdir, open, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort, startChild } from '@ens/embedded-postgres'
import { REVISION_KEY } from './configuration.ts'
import { ROOT } from './runtime.ts'
import type { Stand } from './stand.ts'
import { cpuMs, findDescendant, type Memory, memoryOf } from './usage.ts'

export const BUCKET = 'archives'

/** A service as a process of its own, with the settings of production. */
export interface Service {
  readonly port: number
  /** From the start of the process to its first 200. */
  readonly startMs: number
  /** Processor time so far; undefined where it cannot be known. */
  cpuMs(): number | undefined
  memory(): Memory | undefined
  stop(): Promise<void>
}

export interface ServiceOptions {
  name: string
  variables: Record<string, string>
  /** Folder for a profile of the processor, written when the service stops. */
  profileFolder?: string | undefined
}

const READY_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 2

async function startService(stand: Stand, options: ServiceOptions): Promise<Service> {
  const { name, profileFolder } = options
  const port = await freePort()
  const logFile = join(stand.folder, `${name}-${port}.log`)
  const profiling = profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] : []
  const env = { ...(await environment(stand, port)), ...options.variables }
  const log = await open(logFile, 'a')
  const startedAt = performance.now()
  const child = startChild({
    name,
    command: process.execPath,
    args: [...stand.runtime.nodeOptions, ...profiling, stand.runtime.entryOf(name)],
    cwd: ROOT,
    env,
    signal: 'TERM',
    graceSeconds: 15,
    output: log.fd,
  })
  await log.close()
  try {
    await firstReply(port, child.ended)
  } catch (cause) {
    await child.stop()
    throw new Error(`${name} does not answer; ${await lastLines(logFile)}`, { cause })
  }
  const startMs = performance.now() - startedAt
  const pid = findDescendant(process.execPath, `PORT=${port}`)
  return {
    port,
    startMs,
    cpuMs: () => (pid === undefined ? undefined : cpuMs(pid)),
    memory: () => (pid === undefined ? undefined : memoryOf(pid)),
    stop: () => child.stop(),
  }
}

/** Runs the work with a service that stops afterwards. */
export async function withService<T>(
  stand: Stand,
  options: ServiceOptions,
  work: (service: Service) => Promise<T>,
): Promise<T> {
  const service = await startService(stand, options)
  try {
    return await work(service)
  } finally {
    await service.stop()
  }
}

/** What every service finds: each takes of it what it knows. Logs and metrics are on, as in production. */
async function environment(stand: Stand, port: number): Promise<Record<string, string>> {
  const blobs = join(stand.folder, 'blobs')
  await mkdir(join(blobs, BUCKET), { recursive: true })
  return {
    // As an image brings it along: filled by the first start of each service.
    NODE_COMPILE_CACHE: join(stand.folder, 'compile-cache'),
    HOST: '127.0.0.1',
    PORT: String(port),
    METRICS_HOST: '127.0.0.1',
    METRICS_PORT: String(await freePort()),
    OBSERVABILITY_EXPORTER: 'PROMETHEUS',
    KEY_MANAGER: 'FILESYSTEM',
    KEY_FILESYSTEM_ROOT: stand.keyRoot,
    REVISION_TOKEN_KEY_ID: REVISION_KEY,
    REVISION_TOKEN_AAD: Buffer.from('bench').toString('base64'),
    BLOBSTORE: 'FILESYSTEM',
    BLOBSTORE_FILESYSTEM_ROOT: blobs,
  }
}

/** Resolves with the first 200. Looks so often that what it finds is the start's own time. */
export async function firstReply(port: number, ended: Promise<unknown>): Promise<void> {
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
  })
  for (const giveUpAt = performance.now() + READY_WITHIN_MS; performance.now() < giveUpAt; ) {
    if (hasEnded) throw new Error('it has ended')
    if ((await statusOfHealth(port)) === 200) return
    await pause(LOOK_EVERY_MS)
  }
  throw new Error(`not within ${READY_WITHIN_MS} ms`)
}

/** By hand, because an HTTP client would take longer to load than a service to start. */
function statusOfHealth(port: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.setTimeout(5000, () => socket.destroy())
    socket.on('connect', () =>
      socket.write('GET /health HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n'),
    )
    socket.once('data', (reply: Buffer) => {
      resolve(Number(reply.subarray(9, 12).toString('latin1')))
      socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(0))
  })
}

async function lastLines(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8')).trim().split('\n')
  return `its log ends with:\n${lines.slice(-5).join('\n')}`
}
