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

/** A program in a process group of its own, so that `end` reaches its children too. */
export function start(program: string, args: string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options, detached: true })
}

export function end({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
