import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The parent of a process, 0 when it has gone. On Linux without `ps`, which slim images lack. */
export function parentOf(pid: number): number {
  if (pid === process.pid) return process.ppid
  if (process.platform !== 'linux') return Number(ps('ppid=', pid))
  const stat = proc(pid, 'stat')
  // The name, in parentheses, may hold anything; the state and the parent follow it.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}

/** The command line of a process, its words joined by spaces; empty when it has gone. */
export function commandLineOf(pid: number): string {
  if (process.platform !== 'linux') return ps('args=', pid)
  return proc(pid, 'cmdline').split('\0').join(' ').trim()
}

function proc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

function ps(column: string, pid: number): string {
  try {
    return execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}
