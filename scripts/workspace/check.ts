import { decisionProblems } from './decisions.ts'
import { linkProblems } from './links.ts'
import { manifestProblems } from './manifests.ts'
import { migrationProblems } from './migrations.ts'
import { readmeProblems } from './readmes.ts'
import { referenceProblems } from './references.ts'
import { sourceProblems } from './sources.ts'
import { readWorkspace } from './workspace.ts'

/** What is not as every package, service, migration and page should be: one sentence each, with the file it is about. */
export async function checkWorkspace(root: string): Promise<string[]> {
  const workspace = await readWorkspace(root)
  const problems = await Promise.all([
    referenceProblems(workspace),
    readmeProblems(workspace),
    sourceProblems(workspace),
    migrationProblems(workspace),
    decisionProblems(workspace),
    linkProblems(workspace),
  ])
  return [...manifestProblems(workspace), ...problems.flat()]
}
