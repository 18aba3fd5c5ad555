import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

const LONGEST_OUTPUT = 4000

/** Runs a program to its end, its children included; throws with the end of what it said if it fails or the signal aborts. */
export async function run(
  program: string,
  args: string[],
  signal: AbortSignal,
  options: SpawnOptions = {},
): Promise<void> {
  signal.throwIfAborted()
  const child = start(program, args, options)
  let output = ''
  const collect = (chunk: Buffer) => {
    output = (output + chunk).slice(-LONGEST_OUTPUT)
  }
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  const stop = () => end(child)
  signal.addEventListener('abort', stop, { once: true })
  try {
    const [code] = await once(child, 'close')
    signal.throwIfAborted()
    if (code !== 0) throw new Error(output.trim().split('\n').slice(-3).join(' ') || 'it failed')
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** A program in a process group of its own, so that its children end with it: with us at the latest. */
export function start(program: string, args: string[], options: SpawnOptions = {}): ChildProcess {
  const stdio: SpawnOptions['stdio'] = ['ignore', 'pipe', 'pipe']
  const child = spawn(program, args, { stdio, ...options, detached: true })
  const stop = () => end(child)
  process.once('exit', stop)
  child.once('close', () => process.removeListener('exit', stop))
  return child
}

process.once('SIGINT', () => process.exit(1))
process.once('SIGTERM', () => process.exit(1))

function end({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
