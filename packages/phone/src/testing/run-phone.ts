import { randomBytes } from 'node:crypto'
import { runPhone } from '../command.ts'
import { type FakeSystem, NOW } from './fake-system.ts'

/** What a call of the command has left behind. */
export interface Ran {
  status: number
  out: string
  err: string
}

/** Runs the command where there is no demo system. */
export const alone = (...words: string[]) => run('/nowhere/demo.json', words)

/** Runs the command as if `start` had written down how to reach the system. */
export const within = ({ demoFile }: FakeSystem, ...words: string[]) => run(demoFile, words)

async function run(demoFile: string, words: string[]): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const status = await runPhone(words, {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    now: () => NOW,
    random: randomBytes,
    demoFile,
  })
  return { status, out: out.join('\n'), err: err.join('\n') }
}
