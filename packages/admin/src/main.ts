import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '@ens/config'
import { isAppError } from '@ens/errors'
import { openSecretManager, resolveReferences, secretsConfig } from '@ens/secrets'
import { CommanderError } from 'commander'
import { z } from 'zod'
import { adminCommand } from './command.ts'
import { openContext } from './context.ts'
import { forPerson, forProgram } from './print.ts'

const DEMO_VARIABLES = fileURLToPath(new URL('../../../.local/admin.env', import.meta.url))

const words = process.argv.slice(2)
if (words.includes('--demo')) {
  if (!existsSync(DEMO_VARIABLES)) {
    console.error('admin: there is no demo system here; run `npx -y pnpm@12 start` first')
    process.exit(1)
  }
  process.loadEnvFile(DEMO_VARIABLES)
}

const now = () => new Date()
const print = words.includes('--json') ? forProgram : forPerson
const { secrets } = loadConfig(z.object({ secrets: secretsConfig }), process.env)
const variables = await resolveReferences(
  process.env,
  await openSecretManager(secrets, now),
  secrets,
)
const context = openContext({
  variables,
  now,
  print: (result) => console.log(print(result)),
})
try {
  await adminCommand(context).parseAsync(words, { from: 'user' })
} catch (error) {
  process.exitCode = exitCode(error)
  if (!(error instanceof CommanderError)) console.error(`admin: ${messageOf(error)}`)
} finally {
  await context.close()
}

function exitCode(error: unknown): number {
  return error instanceof CommanderError ? error.exitCode : 1
}

function messageOf(error: unknown): string {
  if (isAppError(error)) return `${error.message} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}
