import { createHash, randomUUID } from 'node:crypto'
import { chmod, mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PLAIN } from './config.ts'
import { secretReferenceInvalid, secretsFolderUnsafe } from './errors.ts'
import type { CallOptions, SecretManager, SecretValue } from './secret-manager.ts'
import { textOf } from './value.ts'

export type Variables = Readonly<Record<string, string | undefined>>

const SCHEME = 'secret://'
const TO_FILE = '?target=file'

export interface ReferenceOptions {
  /** Where secrets that are wanted as files are written. */
  secretsDir: string
  call?: CallOptions
}

export interface ReadReferences {
  variables: Record<string, string | undefined>
  /** Variables whose value now holds a secret. */
  hidden: Set<string>
  /** Variables whose references could not be resolved, and why; their values are left out. */
  problems: Map<string, Error>
}

/**
 * Replaces every comma-separated item that starts with `secret://` by the secret's value, in every variable. With
 * `?target=file` the value is written to a file below `secretsDir` and its path is taken instead. Throws one
 * `invalid_secret_reference` that names every variable that could not be resolved.
 */
export async function resolveReferences(
  given: Variables,
  manager: SecretManager,
  options: ReferenceOptions,
): Promise<Record<string, string | undefined>> {
  const { variables, problems } = await readReferences(given, manager, options)
  if (problems.size === 0) return variables
  const reasons = [...problems].map(([variable, { message }]) => `${variable}: ${message}`)
  throw secretReferenceInvalid(reasons.join('; '), {
    cause: new AggregateError(problems.values()),
  })
}

/** `resolveReferences` for callers that have more to report than references. */
export async function readReferences(
  given: Variables,
  manager: SecretManager,
  { secretsDir }: ReferenceOptions,
): Promise<ReadReferences> {
  const read: ReadReferences = { variables: { ...given }, hidden: new Set(), problems: new Map() }
  for (const [variable, value] of Object.entries(given)) {
    if (!value || !refersToSecret(value) || PLAIN.has(variable)) continue
    read.hidden.add(variable)
    try {
      read.variables[variable] = await resolveValue(variable, value, manager, { secretsDir })
    } catch (error) {
      delete read.variables[variable]
      read.problems.set(variable, error instanceof Error ? error : new Error('unknown'))
    }
  }
  return read
}

export function refersToSecret(value: string): boolean {
  return value.split(',').some((item) => item.startsWith(SCHEME))
}

/** The value with the secrets that it refers to, as they are now. */
export async function resolveValue(
  variable: string,
  value: string,
  manager: SecretManager,
  options: ReferenceOptions,
): Promise<string> {
  const items = value.split(',').map((item) => ({ variable, item, manager, options }))
  return (await Promise.all(items.map(resolveItem))).join(',')
}

interface Item {
  variable: string
  item: string
  manager: SecretManager
  options: ReferenceOptions
}

async function resolveItem({ variable, item, manager, options }: Item): Promise<string> {
  if (!item.startsWith(SCHEME)) return item
  const toFile = item.endsWith(TO_FILE)
  const name = item.slice(SCHEME.length, toFile ? -TO_FILE.length : undefined)
  if (name === '') throw secretReferenceInvalid('the reference names no secret')
  const value = await manager.get(name, options.call)
  return toFile
    ? writeSecret(options.secretsDir, `${variable}.${name}`, value)
    : textOf(value, name)
}

/** Writes a secret to a file that only we can read. The name is that of the reference server, so that mounts carry over. */
async function writeSecret(folder: string, name: string, value: SecretValue): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { mode, uid } = await stat(folder)
  if ((mode & 0o777) !== 0o700)
    throw secretsFolderUnsafe(`${folder} must have permissions 0700 (it has ${octal(mode)})`)
  if (uid !== process.getuid?.())
    throw secretsFolderUnsafe(`${folder} belongs to another user, who could read it`)
  const path = join(folder, createHash('sha1').update(name).digest('hex'))
  const aside = `${path}.${randomUUID()}`
  await writeFile(aside, value, { mode: 0o600, flag: 'wx' })
  await chmod(aside, 0o600)
  await rename(aside, path)
  return path
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0')
}
