import { createHash, randomUUID } from 'node:crypto'
import { chmod, mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { secretReferenceInvalid, secretsFolderUnsafe } from './errors.ts'
import type { SecretManager } from './secret-manager.ts'

export type Variables = Readonly<Record<string, string | undefined>>

const SCHEME = 'secret://'
const TO_FILE = '?target=file'
/** What the secret manager itself is configured with cannot be a secret. */
const PLAIN = new Set([
  'SECRET_MANAGER',
  'SECRETS_DIR',
  'SECRET_CACHE_TTL',
  'SECRET_EXPANSION',
  'SECRET_FILESYSTEM_ROOT',
])

/**
 * Replaces every comma-separated item that starts with `secret://` by the secret's value, in every variable. With
 * `?target=file` the value is written to a file below `folder` and its path is taken instead. Throws one
 * `invalid_secret_reference` that names every variable that could not be resolved.
 */
export async function resolveReferences(
  variables: Variables,
  manager: SecretManager,
  { secretsDir }: { secretsDir: string },
): Promise<Record<string, string | undefined>> {
  const resolved: Record<string, string | undefined> = { ...variables }
  const problems: unknown[] = []
  const reasons: string[] = []
  for (const [variable, value] of Object.entries(variables)) {
    if (!value?.includes(SCHEME) || PLAIN.has(variable)) continue
    try {
      const items = value.split(',')
      const values = items.map((item) => resolveItem({ variable, item, manager, secretsDir }))
      resolved[variable] = (await Promise.all(values)).join(',')
    } catch (error) {
      problems.push(error)
      reasons.push(`${variable}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (problems.length === 0) return resolved
  throw secretReferenceInvalid(reasons.join('; '), { cause: new AggregateError(problems) })
}

interface Item {
  variable: string
  item: string
  manager: SecretManager
  secretsDir: string
}

async function resolveItem({ variable, item, manager, secretsDir }: Item): Promise<string> {
  if (!item.startsWith(SCHEME)) return item
  const toFile = item.endsWith(TO_FILE)
  const name = item.slice(SCHEME.length, toFile ? -TO_FILE.length : undefined)
  if (name === '') throw secretReferenceInvalid('the reference names no secret')
  const value = await manager.get(name)
  return toFile ? writeSecret(secretsDir, `${variable}.${name}`, value) : value
}

/** Writes a secret to a file that only we can read. The name is that of the reference server, so that mounts carry over. */
async function writeSecret(folder: string, name: string, value: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { mode } = await stat(folder)
  if ((mode & 0o777) !== 0o700)
    throw secretsFolderUnsafe(`${folder} must have permissions 0700 (it has ${octal(mode)})`)
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
