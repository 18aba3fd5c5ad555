import { ROOT } from './paths.ts'
import { checkWorkspace } from './workspace/check.ts'

const problems = await checkWorkspace(ROOT)
for (const problem of problems) console.log(problem)
if (problems.length > 0) process.exitCode = 1
