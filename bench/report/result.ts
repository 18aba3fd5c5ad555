import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { dirname } from 'node:path'
import type { Figure } from './figure.ts'

/** What two results must share to be compared. */
export interface Machine {
  cpu: string
  cores: number
  memoryGb: number
  system: string
  node: string
  postgres: string
}

/** One run of the bench, as it is kept. */
export interface Result {
  version: 1
  at: string
  /** Of the checkout; with `+` when something was changed since. */
  commit: string
  size: string
  /** Whether the services ran as built, as in production, or from source. */
  runtime: 'built' | 'source'
  machine: Machine
  figures: Figure[]
  /** What explains the figures: the costliest statements, waits, sizes. */
  evidence: Record<string, unknown>
}

export function describeMachine(postgres: string): Machine {
  const [first] = cpus()
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch} ${release()}`,
    node: process.version,
    postgres,
  }
}

export function commitOf(folder: string): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  try {
    const changes = git('status', '--porcelain', '--untracked-files=no').trim()
    return `${git('rev-parse', '--short', 'HEAD').trim()}${changes ? '+' : ''}`
  } catch {
    return 'unknown' // no repository, or no git
  }
}

export async function writeResult(file: string, result: Result): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`)
}

/** Throws when the file is no result of the bench. */
export async function readResult(file: string): Promise<Result> {
  const result = JSON.parse(await readFile(file, 'utf8'))
  if (result?.version !== 1 || !Array.isArray(result.figures))
    throw new Error(`${file} is not a result of the bench`)
  return result
}
