import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { starterOf } from './child.ts'
import { commandLineOf, parentOf } from './processes.ts'

const WAIT_MS = 15_000 // a guard insists after ten seconds

/** What PostgreSQL writes into its data folder while it runs. */
export interface PidFile {
  pid: number
  port: number
  isReady: boolean
}

/** Undefined when nothing has run in the folder, or it ended in order. */
export async function readPidFile(directory: string): Promise<PidFile | undefined> {
  const text = await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  if (!Number(lines[0])) return undefined
  return { pid: Number(lines[0]), port: Number(lines[3]), isReady: lines[7]?.trim() === 'ready' }
}

/**
 * Sees to it that nothing runs in the data folder: one that is on its way out is waited for, one whose guard was
 * killed is ended, one that somebody still holds is an error. What a killed one left is removed, as another
 * process may have got its number since.
 */
export async function endPredecessor(directory: string): Promise<void> {
  let isAsked = false
  for (const giveUpAt = Date.now() + WAIT_MS; Date.now() < giveUpAt; ) {
    const file = await readPidFile(directory)
    if (!file) return
    if (!isPostgresOf(directory, file.pid))
      return rm(join(directory, 'postmaster.pid'), { force: true })
    const guard = guardOf(file.pid)
    if (guard === 'watching') throw stillRunning(directory, file)
    if (guard === 'gone' && !isAsked) isAsked = process.kill(file.pid, 'SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the PostgreSQL that ran in ${directory} does not end`)
}

const stillRunning = (directory: string, { pid, port }: PidFile) =>
  new Error(
    `a PostgreSQL is running in ${directory} (process ${pid}, port ${port}); has it been started twice?`,
  )

const isPostgresOf = (directory: string, pid: number) =>
  `${commandLineOf(pid)} `.includes(`postgres -D ${directory} `)

/** `ending` when whoever started it has gone: its guard is about to stop it. */
function guardOf(pid: number): 'watching' | 'ending' | 'gone' {
  const guard = parentOf(pid)
  const starter = starterOf('postgres', commandLineOf(guard))
  if (!starter) return 'gone'
  return parentOf(guard) === starter ? 'watching' : 'ending'
}
