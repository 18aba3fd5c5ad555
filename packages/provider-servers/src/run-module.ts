import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

export interface ModuleRun {
  /** What the code returned, through JSON. */
  result: unknown
  /** URLs of every module that was loaded on the way. */
  loaded: string[]
}

export interface RunOptions {
  /** A folder in the package whose dependencies the code imports; the package itself by its name, too. */
  folder: string
  /** The whole environment of the process. */
  variables?: Record<string, string>
}

const PRELUDE = `
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
  const result = await (async () => {`
const CODA = `})()
  console.log(JSON.stringify({ result, loaded }))
  process.exit()`

/** Runs the body of an async function in a process of its own, to see what it loads and how it meets its environment. */
export async function runModule(code: string, options: RunOptions): Promise<ModuleRun> {
  const flags = ['--conditions=@ens/source', '--input-type=module']
  const child = spawn(process.execPath, [...flags, '--eval', `${PRELUDE}${code}${CODA}`], {
    cwd: options.folder,
    env: options.variables ?? {},
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  try {
    return JSON.parse(output)
  } catch {
    throw new Error(`the module failed: ${errors}`)
  }
}
