import { basename } from 'node:path'
import type { Workspace } from './workspace.ts'

const PARTS = ['## Context', '## Decision', '## Consequences']

/** Decisions are numbered without a gap and say why, what, and what follows. */
export async function decisionProblems(workspace: Workspace): Promise<string[]> {
  const files = await workspace.files('docs/decisions/[0-9]*.md')
  const problems = await Promise.all(
    files.map(async (file, index) => {
      const lines = (await workspace.read(file)).split('\n')
      const number = String(index + 1).padStart(4, '0')
      return [
        ...(basename(file).startsWith(`${number}-`)
          ? []
          : [`${file}: should have number ${number}`]),
        ...PARTS.filter((part) => !lines.includes(part)).map((part) => `${file}: lacks "${part}"`),
      ]
    }),
  )
  return problems.flat()
}
