import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { isAppError } from '@ens/errors'
import { CommanderError } from 'commander'
import { adminCommand } from './command.ts'
import { openContext } from './context.ts'
import { invalidInput } from './errors.ts'
import { forPerson, forProgram } from './print.ts'

const DEMO_VARIABLES = fileURLToPath(new URL('../../../.local/admin.env', import.meta.url))

const words = process.argv.slice(2)
const format = words.includes('--json') ? forProgram : forPerson

let close = async () => {}
try {
  const context = openContext({
    variables: variables(),
    now: () => new Date(),
    print: (result) => console.log(format(result)),
  })
  close = context.close
  await adminCommand(context).parseAsync(words, { from: 'user' })
} catch (error) {
  process.exitCode = error instanceof CommanderError ? error.exitCode : 1
  if (!(error instanceof CommanderError)) console.error(`admin: ${messageOf(error)}`)
} finally {
  await close()
}

/** With `--demo` the demo's variables win: a command meant for it must never reach another server. */
function variables(): Record<string, string | undefined> {
  if (!words.includes('--demo')) return process.env
  try {
    return { ...process.env, ...parseEnv(readFileSync(DEMO_VARIABLES, 'utf8')) }
  } catch (cause) {
    const message = 'there is no demo system here; run `npx -y pnpm@12 start` first'
    throw invalidInput(message, { cause })
  }
}

function messageOf(error: unknown): string {
  if (isAppError(error)) return `${error.message} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}
