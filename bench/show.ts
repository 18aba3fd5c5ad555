import { parseArgs } from 'node:util'
import { readResult } from './report/result.ts'
import { markdownTable } from './report/table.ts'

/** Prints a result as it goes into a page. */
export async function show(args: string[]): Promise<number> {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} })
  const [file] = positionals
  if (file === undefined) {
    console.error('usage: npx -y pnpm@12 bench show <result.json>')
    return 2
  }
  const { at, commit, size, runtime, machine, figures } = await readResult(file)
  const { cpu, cores, memoryGb, system, node, postgres } = machine
  console.log(
    `${at}, commit ${commit}, size ${size}, services ${runtime}. ${cores} cores of ${cpu}, ${memoryGb} GB, ${system}, Node ${node}, PostgreSQL ${postgres}.\n`,
  )
  console.log(markdownTable(figures))
  return 0
}
