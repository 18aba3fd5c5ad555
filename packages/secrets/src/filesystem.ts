import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { secretManagerUnavailable, secretNotFound } from './errors.ts'
import type { SecretManager } from './secret-manager.ts'

/**
 * For development: a secret is a file below `root`, or a folder of versions of which the greatest name counts. The value is
 * the file's text as it is, a line feed at its end included.
 */
export function filesystemSecretManager(root: string): SecretManager {
  return {
    async get(name) {
      const path = pathOf(root, name)
      try {
        const entry = await stat(path)
        return await readFile(entry.isDirectory() ? await newestVersion(path, name) : path, 'utf8')
      } catch (cause) {
        throw translated(cause, name)
      }
    },
  }
}

const SEGMENT = /^[^\\\0]+$/

function pathOf(root: string, name: string): string {
  const segments = name.replace(/^\//, '').split('/')
  const sane = segments.every((one) => SEGMENT.test(one) && one !== '.' && one !== '..')
  const path = resolve(root, ...segments)
  if (sane && path.startsWith(resolve(root) + sep)) return path
  throw secretNotFound('the name of the secret leaves its folder')
}

async function newestVersion(folder: string, name: string): Promise<string> {
  const versions = (await readdir(folder)).filter((entry) => entry !== 'metadata').sort()
  const newest = versions.at(-1)
  if (newest === undefined) throw secretNotFound(`the secret ${name} has no version`)
  return join(folder, newest)
}

function translated(cause: unknown, name: string): unknown {
  if (!(cause instanceof Error && 'code' in cause && 'syscall' in cause)) return cause
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')
    return secretNotFound(`there is no secret ${name}`, { cause })
  return secretManagerUnavailable(`the secret ${name} cannot be read`, { cause })
}
