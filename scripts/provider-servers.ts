import type { ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { whenStarterGone } from '@ens/embedded-postgres'
import { ROOT } from './paths.ts'
import { run, start } from './provider-servers/run.ts'
import type { ProviderServer } from './provider-servers/server.ts'
import { SERVERS } from './provider-servers/servers.ts'

/*
 * Fetches servers by other people, starts them, and runs the providers' suites against those that could be had. That one
 * cannot be had is told and is no failure; that a suite fails is one.
 */

/** For fetching, building and starting, all servers together. */
const GET_MS = 180_000
const SUITES_MS = 300_000

const cache = join(ROOT, 'node_modules/.cache/provider-servers')
/** What the servers keep while they run. */
const places = await mkdtemp(join(tmpdir(), 'provider-servers-'))

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

/** The variables that lead to the server, once it answers. */
async function bringUp(
  server: ProviderServer,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const program = await server.get(cache, signal)
  const port = await freePort()
  const { args, env } = await server.command(port, await mkdtemp(join(places, 'server-')))
  const child = start(program, args, { env: { ...process.env, ...env }, output: 'ignore' })
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  const url = `http://127.0.0.1:${port}`
  await Promise.race([answers(`${url}${server.health}`, child, signal), failed])
  await server.prepare?.(url)
  return server.variables(url)
}

async function answers(url: string, child: ChildProcess, signal: AbortSignal): Promise<void> {
  while (!(await fetch(url, { signal }).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error('it ended at once')
    await sleep(200, undefined, { signal })
  }
}

async function suites(variables: Record<string, string>): Promise<void> {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--config', 'vitest.providers.config.ts']
  const env = { ...process.env, ...variables }
  const signal = AbortSignal.timeout(SUITES_MS)
  await run(process.execPath, args, signal, { cwd: ROOT, env, output: 'inherit' })
}

function reasonOf(error: unknown): string {
  if (signal.aborted) return `not within ${GET_MS / 1000} s`
  return error instanceof Error ? error.message : String(error)
}

whenStarterGone(() => process.exit(1))
await mkdir(cache, { recursive: true })
const signal = AbortSignal.timeout(GET_MS)
const outcomes = await Promise.allSettled(SERVERS.map((server) => bringUp(server, signal)))
const variables = {}
outcomes.forEach((outcome, at) => {
  const name = SERVERS[at]?.name ?? ''
  if (outcome.status === 'fulfilled') Object.assign(variables, outcome.value)
  const reason = outcome.status === 'rejected' ? reasonOf(outcome.reason) : ''
  console.log(reason === '' ? `got: ${name}` : `could not get: ${name}: ${reason}`)
})
try {
  if (Object.keys(variables).length > 0) await suites(variables)
} catch (error) {
  console.log(`the suites failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  await rm(places, { recursive: true, force: true })
  process.exit()
}
