import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { parentOf } from '../processes.ts'

/** The processes that this one has started. */
export function childrenOf(pid: number): number[] {
  const everyone =
    process.platform === 'linux'
      ? readdirSync('/proc').map(Number)
      : execFileSync('ps', ['-axo', 'pid='], { encoding: 'utf8' }).split('\n').map(Number)
  return everyone.filter((other) => other > 0 && parentOf(other) === pid)
}
