import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { TestDatabase } from '@ens/database/testing'
import { startChild } from '@ens/embedded-postgres'
import { openKeyManager } from '@ens/keys'
import { testVariables } from './test-server.ts'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
const STARTS_WITHIN_MS = 30_000
const WRAPPING_KEY = 'system/revision'

/** The service as operators run it: a process of its own, with settings from its environment. */
export interface StartedService {
  url: string
  /** Every line of its log so far. */
  log(): Promise<string>
  stop(): Promise<void>
}

/** Services over one database, with the same keys in files. */
export interface Stand {
  /** Starts one more, on a free port of the loopback. */
  start(variables?: Record<string, string>): Promise<StartedService>
  /** Stops all of them. */
  stop(): Promise<void>
}

export async function openStand(db: TestDatabase): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), 'exposure '))
  const keys = join(folder, 'keys')
  await makeWrappingKey(keys)
  const started: StartedService[] = []
  return {
    async start(variables = {}) {
      const service = await startService(join(folder, `${started.length}.log`), {
        ...testVariables(db),
        KEY_MANAGER: 'FILESYSTEM',
        KEY_FILESYSTEM_ROOT: keys,
        REVISION_TOKEN_KEY_ID: WRAPPING_KEY,
        ...variables,
      })
      started.push(service)
      return service
    },
    async stop() {
      await Promise.all(started.map((service) => service.stop()))
      await rm(folder, { recursive: true })
    },
  }
}

async function startService(
  logFile: string,
  variables: Record<string, string>,
): Promise<StartedService> {
  const output = await open(logFile, 'a')
  const child = startChild({
    name: 'exposure',
    command: process.execPath,
    args: ['--conditions=@ens/source', MAIN],
    env: { HOST: '127.0.0.1', PORT: '0', ...variables },
    signal: 'TERM',
    graceSeconds: 10,
    output: output.fd,
  })
  await output.close()
  const log = () => readFile(logFile, 'utf8')
  return { url: await findUrl(log), log, stop: () => child.stop() }
}

async function findUrl(log: () => Promise<string>): Promise<string> {
  const signal = AbortSignal.timeout(STARTS_WITHIN_MS)
  for (;;) {
    const [, url] = /listens on (http:[^"\s]+)/.exec(await log()) ?? []
    if (url !== undefined) return url
    await pause(30, undefined, { signal })
  }
}

async function makeWrappingKey(filesystemRoot: string): Promise<void> {
  const keyManager = await openKeyManager({ keyManager: 'FILESYSTEM', filesystemRoot })
  const id = await keyManager.createEncryptionKey('system', 'revision')
  await keyManager.createEncryptionKeyVersion(id)
}
