import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A service as a process of its own, from source. */
export interface RunningService {
  url: string
  /** What it has logged so far. */
  lines: Record<string, unknown>[]
  /** As a platform stops it; it sends its last telemetry. May be called twice. */
  stop(): Promise<void>
}

/** Starts a service with these settings on a free port of the loopback, and waits until it listens. */
export async function runService(
  name: string,
  variables: Record<string, string>,
): Promise<RunningService> {
  const main = fileURLToPath(new URL(`../services/${name}/src/main.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@ens/source', main], {
    env: { HOST: '127.0.0.1', PORT: '0', LOG_MODE: 'PRODUCTION', ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  const lines: Record<string, unknown>[] = []
  let rest = ''
  child.stdout.on('data', (data) => {
    const parts = (rest + data).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts.map((part) => JSON.parse(part)))
  })
  const listens = () => lines.map(({ message }) => /listens on (.*)/.exec(String(message))?.[1])
  while (!listens().some(Boolean)) {
    if (child.exitCode !== null)
      throw new Error(`${name} has ended: ${JSON.stringify(lines.at(-1))}`)
    await Promise.race([once(child.stdout, 'data'), closed])
  }
  return {
    url: listens().find(Boolean) ?? '',
    lines,
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM')
      await closed
    },
  }
}
