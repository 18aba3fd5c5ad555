import { type ChildProcess, type SpawnOptions, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

const LONGEST_OUTPUT = 4000

/** Runs a program to its end, its children included; throws with the end of what it said if it fails or the signal aborts. */
export async function run(
  program: string,
  args: string[],
  signal: AbortSignal,
  options: StartOptions = {},
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

interface StartOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  /** Where the program's output goes; `pipe` unless said. */
  output?: 'pipe' | 'ignore' | 'inherit'
}

/*
 * A shell between us and the program, which leads their process group. It reads a pipe that only we hold open: when we die,
 * by SIGKILL, too, the read ends and the shell kills the group.
 */
const GUARD = `
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
( read -r _ <&3; kill -KILL 0 ) &
watcher=$!
exec 3<&-
wait $program
status=$?
kill -KILL $watcher 2>/dev/null
exit $status
`

/** A program in a process group of its own, which ends with us at the latest, its children included. */
export function start(program: string, args: string[], options: StartOptions = {}): ChildProcess {
  const { output = 'pipe', ...place } = options
  const stdio: StdioOptions = ['pipe', output, output]
  const guarded = ['-c', GUARD, `guard of ${program}`, program, ...args]
  const child = spawn('/bin/sh', guarded, { ...place, stdio, detached: true })
  child.stdin?.on('error', () => {}) // it has ended by itself
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
