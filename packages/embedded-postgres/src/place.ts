import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, rmdir, stat } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { User } from './child.ts'

const run = promisify(execFile)
const NOBODY: User = { uid: 65_534, gid: 65_534 }

/** Whom PostgreSQL runs as: us, or, as it refuses root, the owner of the data there is, or nobody. */
export async function databaseUser(dataDirectory: string): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(dataDirectory).catch(() => undefined)
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : NOBODY
}

/**
 * Where the data really goes: where asked, or, if the database's user cannot get there, into a folder it can enter. There
 * the name hangs on the password, so that who removes the password's folder to start afresh does start afresh.
 */
export async function dataPlace(
  wanted: string,
  password: string,
  user: User | undefined,
): Promise<string> {
  if (await canEnter(dirname(wanted), user)) return wanted
  return join(await ownFolder(user), `${basename(wanted)}-${shortHash(wanted + password)}`)
}

/** A folder of this checkout's alone, outside it, that the database's user can enter: state folder first, else temporary. */
export async function ownFolder(user: User | undefined): Promise<string> {
  // biome-ignore lint/style/noProcessEnv: where the machine's users keep such things, no setting of ours
  const state = process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state')
  for (const base of [state, tmpdir()]) {
    const folder = join(base, `embedded-postgres-${shortHash(import.meta.dirname)}`)
    await mkdir(folder, { recursive: true })
    await mustBeOurs(folder)
    await chmod(folder, 0o755) // whatever the umask
    if (await canEnter(folder, user)) return folder
    await rmdir(folder).catch(() => {}) // something of an earlier start is in it
  }
  throw new Error(
    `PostgreSQL has to run as user ${user?.uid ?? 'nobody'}, who can enter neither ${state} nor ${tmpdir()}; set XDG_STATE_HOME to a folder that every user may enter`,
  )
}

/** In the temporary folder anybody could have made it before us, with programs of theirs in it. */
async function mustBeOurs(folder: string): Promise<void> {
  const { uid, mode } = await lstat(folder)
  const isFolder = (mode & 0o170_000) === 0o040_000
  if (uid !== process.getuid?.() || !isFolder || (mode & 0o022) !== 0)
    throw new Error(`${folder} is not a folder that only we can write; remove it and start again`)
}

async function canEnter(folder: string, user: User | undefined): Promise<boolean> {
  if (!user) return true
  return succeeds('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], user)
}

/** Whether a program runs and ends well, as that user. */
export async function succeeds(
  command: string,
  args: readonly string[],
  user: User | undefined,
): Promise<boolean> {
  return run(command, [...args], { cwd: '/', ...user }).then(
    () => true,
    () => false,
  )
}

const shortHash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12)
