import { basename } from 'node:path'
import type { Workspace } from './workspace.ts'

const NAME = /^(\d{6})_[a-z0-9]+(_[a-z0-9]+)*\.sql$/
const SECTIONS = /^-- Up Migration\n(.+)\n-- Down Migration\n(.+)$/s
const CLOCK = /\b(now|clock_timestamp|statement_timestamp)\s*\(|\bcurrent_(timestamp|date)\b/i

/** What a migration says when the clock itself is the question. */
const ON_PURPOSE = /--.*\bclock\b.*\bon purpose\b/

/** Migrations are numbered without a gap, can be taken back, and leave the time to their callers unless they say why not. */
export async function migrationProblems(workspace: Workspace): Promise<string[]> {
  const files = await workspace.files('migrations/*')
  const problems = await Promise.all(
    files.map(async (file, index) => {
      const found = [
        ...nameProblems(basename(file), index + 1),
        ...textProblems(await workspace.read(file)),
      ]
      return found.map((problem) => `${file}: ${problem}`)
    }),
  )
  return problems.flat()
}

function nameProblems(name: string, number: number): string[] {
  const [, digits] = NAME.exec(name) ?? []
  if (digits === undefined) return ['should be named like 000001_topic.sql']
  return Number(digits) === number ? [] : [`should have number ${number}`]
}

function textProblems(text: string): string[] {
  const [, up = '', down = ''] = SECTIONS.exec(text) ?? []
  const whole = statements(up) !== '' && statements(down) !== ''
  return [
    ...(whole
      ? []
      : ['should have "-- Up Migration", statements, "-- Down Migration", statements']),
    ...(asksClock(text) ? ['asks the clock; the time is an argument'] : []),
  ]
}

const asksClock = (text: string) => CLOCK.test(statements(text)) && !ON_PURPOSE.test(text)

/** The text without its comments. */
const statements = (text: string) => text.replace(/--.*$/gm, '').trim()
