import type { Workspace } from './workspace.ts'

const LONGEST = 30

/** Every package and service says in a few lines what it is, what it promises and what it does not. */
export async function readmeProblems(workspace: Workspace): Promise<string[]> {
  const problems = await Promise.all(
    workspace.members.map(async ({ path }) => {
      const file = `${path}/README.md`
      if (!workspace.exists(file)) return [`${file}: is missing`]
      const lines = (await workspace.read(file)).split('\n').filter((line) => line.trim() !== '')
      if (!lines[0]?.startsWith('# ')) return [`${file}: should begin with a title`]
      if (lines.length < 3) return [`${file}: says too little`]
      return lines.length > LONGEST
        ? [`${file}: has ${lines.length} lines of text; ${LONGEST} are enough`]
        : []
    }),
  )
  return problems.flat()
}
