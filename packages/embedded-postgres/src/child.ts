import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A process that cannot outlive this one, however this one ends. */
export interface Child {
  readonly name: string
  /** Resolves when the process has ended, with how it did; `code` is above 128 after a signal. */
  readonly ended: Promise<{ code: number | null }>
  /** Asks the process to end, insists after the grace, and waits until it has ended. May be called again. */
  stop(): Promise<void>
}

export interface User {
  uid: number
  gid: number
}

export interface ChildOptions {
  name: string
  command: string
  args: readonly string[]
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Whom to run as; only root may ask. */
  user?: User | undefined
  /** What asks the process to end: `INT` is a fast shutdown for postgres, `TERM` a drain for a service. */
  signal: 'INT' | 'TERM'
  graceSeconds: number
  /** Where its output goes: the terminal, or an open file. */
  output: 'inherit' | number
}

/*
 * A shell between us and the process. It reads a pipe that only we hold open: when we close it, or die
 * (SIGKILL included), the read ends and the shell stops the process. It runs in a session of its own, so that
 * Ctrl-C in the terminal reaches us alone and we decide the order in which things stop.
 */
const GUARD = `
signal=$1 grace=$2; shift 2
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
(
  read -r _ <&3
  kill -"$signal" $child 2>/dev/null
  tenths=0
  while kill -0 $child 2>/dev/null && [ $tenths -lt $((grace * 10)) ]; do sleep 0.1; tenths=$((tenths + 1)); done
  kill -KILL $child 2>/dev/null
) &
watcher=$!
exec 3<&-
trap '' INT TERM HUP
wait $child
status=$?
kill -KILL $watcher 2>/dev/null
exit $status
`

/** How the guard of a child shows itself in the list of processes: it tells for which process it watches. */
const guardName = (child: string, starter: number) => `guard of ${child} for ${starter}`

/** The process that started a guard with this command line, 0 if it is none. */
export function starterOf(child: string, commandLine: string): number {
  const [, rest = ''] = commandLine.split(guardName(child, 0).slice(0, -1))
  return Number.parseInt(rest, 10) || 0
}

/** Starts a process that ends when we do; it is never left behind, not even by SIGKILL of us. */
export function startChild(options: ChildOptions): Child {
  const { name, command, args, cwd, env, user, signal, graceSeconds, output } = options
  const guard = spawn(
    '/bin/sh',
    ['-c', GUARD, guardName(name, process.pid), signal, String(graceSeconds), command, ...args],
    { cwd, env, ...user, detached: true, stdio: ['pipe', output, output] },
  )
  const ended = once(guard, 'exit').then(([code]) => ({ code: code as number | null }))
  guard.stdin?.on('error', () => {}) // it ended by itself; `ended` tells
  return {
    name,
    ended,
    async stop() {
      guard.stdin?.end()
      const insist = setTimeout(() => killGroup(guard.pid), (graceSeconds + 2) * 1_000)
      await ended
      clearTimeout(insist)
    },
  }
}

/** The last resort, for a guard that was harmed itself: it leads a group of its own, with the process in it. */
function killGroup(leader: number | undefined): void {
  try {
    if (leader) process.kill(-leader, 'SIGKILL')
  } catch {
    // It has gone meanwhile.
  }
}
