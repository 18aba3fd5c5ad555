import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  chown,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { User } from './child.ts'
import { parentOf } from './processes.ts'

const run = promisify(execFile)

export interface DataOptions {
  directory: string
  password: string
  bin: string
  user: User | undefined
  forgetful: boolean
}

/** The superuser's password, from the file beside the data folder; made and kept there when there is no data yet. */
export async function passwordOf(dataDirectory: string): Promise<string> {
  const file = `${dataDirectory}.password`
  const known = (await readFile(file, 'utf8').catch(() => '')).trim()
  if (known) return known
  if (existsSync(join(dataDirectory, 'PG_VERSION')))
    throw new Error(
      `${file}, the password of the data in ${dataDirectory}, is missing; put it back, or remove the data to start afresh`,
    )
  return keepPassword(file)
}

/** Makes the data folder unless there is one, whole or not at all. */
export async function prepareData(options: DataOptions): Promise<void> {
  const { directory, user } = options
  await mustBelongTo(directory, user)
  if (!existsSync(join(directory, 'PG_VERSION'))) await initialise(options)
}

/** 192 random bits, so that the hashing rounds that slow a guesser down can be saved on every connection. */
async function keepPassword(file: string): Promise<string> {
  const password = randomBytes(24).toString('hex')
  const handle = await open(file, 'w', 0o600)
  await handle.chmod(0o600)
  await handle.writeFile(`${password}\n`)
  await handle.sync()
  await handle.close()
  return password
}

async function mustBelongTo(directory: string, user: User | undefined): Promise<void> {
  const there = await stat(directory).catch(() => undefined)
  const wanted = user?.uid ?? process.getuid?.()
  if (!there || there.uid === wanted) return
  throw new Error(
    `${directory} belongs to user ${there.uid}, PostgreSQL would run as ${wanted ?? 'another'}; start as the user who made it, or remove it to start afresh`,
  )
}

/** Into a folder aside, renamed when complete: a killed initdb leaves nothing that looks like data. */
async function initialise({
  directory,
  password,
  bin,
  user,
  forgetful,
}: DataOptions): Promise<void> {
  await removeLeftovers(directory)
  const aside = `${directory}.new-${process.pid}`
  await mkdir(aside, { mode: 0o700 })
  try {
    await writeFile(join(aside, 'password'), password)
    if (user) await give([aside, join(aside, 'password')], user)
    const auth = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', join(aside, 'password')]
    const locale = ['-E', 'UTF8', '--locale=C', '-c', 'scram_iterations=1']
    const args = ['-D', join(aside, 'data'), ...auth, ...locale, ...(forgetful ? ['-N'] : [])]
    await run(join(bin, 'initdb'), args, { cwd: aside, ...user })
    await rename(join(aside, 'data'), directory)
    if (!forgetful) await sync(dirname(directory))
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

async function give(paths: readonly string[], { uid, gid }: User): Promise<void> {
  for (const path of paths) await chown(path, uid, gid)
}

async function removeLeftovers(directory: string): Promise<void> {
  const prefix = `${basename(directory)}.new-`
  for (const name of await readdir(dirname(directory))) {
    const isLeftOver = name.startsWith(prefix) && parentOf(Number(name.slice(prefix.length))) === 0
    if (isLeftOver) await rm(join(dirname(directory), name), { recursive: true, force: true })
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync()
  await handle.close()
}
