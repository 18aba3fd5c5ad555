import { readdirSync, readFileSync } from 'node:fs'

/** What Linux tells about processes; elsewhere nothing is known, and what needs it is not measured. */
export const isUsageKnown = process.platform === 'linux'

/** Of the kernel's clock ticks; the same on every Linux that Node runs on. */
const TICK_MS = 10

interface Stat {
  pid: number
  parent: number
  ownMs: number
  /** Of children that have ended. */
  endedMs: number
}

/** Processor time of one process, all of its threads included. */
export function cpuMs(pid: number): number {
  return readStat(pid)?.ownMs ?? 0
}

/** Processor time of a process and all that it started, whether they still run or not. */
export function cpuMsOfFamily(pid: number): number {
  const stats = allStats()
  const member = stats.find((stat) => stat.pid === pid)
  if (!member) return 0
  const children = stats.filter(({ parent }) => parent === pid)
  const ofChildren = children.reduce((sum, child) => sum + cpuMsOfFamily(child.pid), 0)
  return member.ownMs + member.endedMs + ofChildren
}

export interface Memory {
  residentBytes: number
  /** The most it ever was. */
  peakBytes: number
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * 1024
  return { residentBytes: bytes('VmRSS'), peakBytes: bytes('VmHWM') }
}

/** The descendant of this process that runs this program with this variable; undefined where nothing is known. */
export function findDescendant(program: string, variable: string): number | undefined {
  const stats = allStats()
  const isOurs = (pid: number): boolean => {
    if (pid === process.pid) return true
    const stat = stats.find((one) => one.pid === pid)
    return stat !== undefined && stat.parent > 1 && isOurs(stat.parent)
  }
  return stats.find(
    ({ pid }) =>
      readOrNothing(`/proc/${pid}/cmdline`).split('\0')[0] === program &&
      readOrNothing(`/proc/${pid}/environ`).split('\0').includes(variable) &&
      isOurs(pid),
  )?.pid
}

function allStats(): Stat[] {
  if (!isUsageKnown) return []
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => readStat(Number(pid)) ?? [])
}

function readStat(pid: number): Stat | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`)
  if (!text) return undefined
  // The second field is the program's name in parentheses and may hold anything; the fields after it are plain.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const ms = (first: number) => ((fields[first] ?? 0) + (fields[first + 1] ?? 0)) * TICK_MS
  return { pid, parent: fields[1] ?? 0, ownMs: ms(11), endedMs: ms(13) }
}

/** A process may end at any moment. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
