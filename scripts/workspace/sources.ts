import type { Workspace } from './workspace.ts'

const LONGEST_SOURCE = 300
const LONGEST_TEST = 600
const KEBAB_PATH =
  /^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.test|\.providers|\.config)?\.ts$/

/** A file has a name like all others, something in it, and fits in the head. */
export async function sourceProblems(workspace: Workspace): Promise<string[]> {
  const files = await workspace.files(
    '{packages,services}/*/src/**/*.ts',
    '{bench,scripts,test}/**/*.ts',
  )
  const problems = await Promise.all(
    files.map(async (file) => [
      ...(KEBAB_PATH.test(file) ? [] : [`${file}: should be named in kebab-case`]),
      ...contentProblems(file, await workspace.read(file)),
    ]),
  )
  return problems.flat()
}

function contentProblems(file: string, text: string): string[] {
  if (/^(\s|export \{\};?|\/\/.*)*$/.test(text)) return [`${file}: is empty`]
  const lines = text.trimEnd().split('\n').length
  const longest = /\.(test|providers)\.ts$/.test(file) ? LONGEST_TEST : LONGEST_SOURCE
  return lines > longest
    ? [`${file}: has ${lines} lines; over ${longest} it holds more than one idea`]
    : []
}
