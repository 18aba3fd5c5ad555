import { dirname, join } from 'node:path'
import type { Workspace } from './workspace.ts'

const LINK = /\]\(([^)\s]+)\)/g
const ELSEWHERE = /^([a-z]+:|#)/

/** A link of a page leads to a file of this checkout. */
export async function linkProblems(workspace: Workspace): Promise<string[]> {
  const pages = await workspace.files('*.md', 'docs/**/*.md', '{packages,services}/*/README.md')
  const problems = await Promise.all(
    pages.map(async (page) =>
      targets(await workspace.read(page))
        .filter((target) => !workspace.exists(join(dirname(page), target)))
        .map((target) => `${page}: links to ${target}, which is not there`),
    ),
  )
  return problems.flat()
}

function targets(text: string): string[] {
  return [...text.matchAll(LINK)]
    .map(([, target = '']) => target)
    .filter((target) => !ELSEWHERE.test(target))
    .map((target) => decodeURIComponent(target.replace(/#.*$/, '')))
}
