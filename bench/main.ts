import { whenStarterGone } from '@ens/embedded-postgres'
import { calculate } from './calculate.ts'
import { compare } from './compare.ts'
import { parseOptions } from './options.ts'
import { run, SCENARIOS } from './run.ts'
import { show } from './show.ts'

// `bench` measures, `bench compare` tells what became slower between two results, `bench calculate`
// sizes a deployment, and `bench show` writes a result as a table for a page.

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stopping.abort())
whenStarterGone(() => stopping.abort())

try {
  process.exitCode = await obey(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}

/** Returns the exit code: 1 when something did not work or became slower, 2 when the bench itself could not go on. */
function obey(args: string[]): Promise<number> {
  const [command, ...rest] = args
  if (command === 'compare') return compare(rest)
  if (command === 'calculate') return calculate(rest)
  if (command === 'show') return show(rest)
  const options = parseOptions(args, Object.keys(SCENARIOS))
  const limitMs = options.sizes.limitMinutes * 60_000
  setTimeout(() => {
    console.error(`not done within ${options.sizes.limitMinutes} minutes`)
    stopping.abort()
  }, limitMs).unref()
  return run(options, stopping.signal)
}
