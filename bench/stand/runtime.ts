import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** How services are run. */
export interface Runtime {
  kind: 'built' | 'source'
  /** What goes before the entry. */
  nodeOptions: readonly string[]
  entryOf(service: string): string
}

export const ROOT = fileURLToPath(new URL('..', new URL('..', import.meta.url))).replace(/\/$/, '')

const FROM_SOURCE = ['--conditions=@ens/source', '--enable-source-maps']

/** Every service that stays up; the migration is a command. */
export function listServices(): string[] {
  return readdirSync(`${ROOT}/services`)
    .filter((name) => name !== 'migrate' && existsSync(`${ROOT}/services/${name}/src/main.ts`))
    .sort()
}

/** Builds the services as production runs them; where that fails they run from source, which the result then says. */
export async function prepareRuntime(services: readonly string[]): Promise<Runtime> {
  const problems = await build(services.map((service) => `services/${service}`))
  if (problems === undefined)
    return {
      kind: 'built',
      nodeOptions: [],
      entryOf: entry('dist/main.js'),
    }
  console.error(`the build fails:\n${problems}`)
  return { kind: 'source', nodeOptions: FROM_SOURCE, entryOf: entry('src/main.ts') }
}

const entry = (file: string) => (service: string) => `${ROOT}/services/${service}/${file}`

/** What the compiler finds fault with; undefined when all is well. */
async function build(paths: readonly string[]): Promise<string | undefined> {
  const compiler = `${ROOT}/node_modules/typescript-7/bin/tsc`
  try {
    await execute(process.execPath, [compiler, '-b', ...paths], { cwd: ROOT })
    return undefined
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
  }
}
