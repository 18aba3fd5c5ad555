import { readdir, realpath } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { secretAccessDenied, secretManagerUnavailable, secretNotFound } from './errors.ts'
import { readPrivateFile, requireSafeFolder } from './private-file.ts'
import type { SecretManager } from './secret-manager.ts'
import { secretValue } from './value.ts'

/**
 * A secret is a file below `root`, or a folder of versions of which the greatest name counts. The value is the file's
 * content as it is, a line feed at its end included. Links are followed (Kubernetes mounts secrets by them) as long as they
 * end below the root. A file that others can read, or replace, is refused.
 */
export function filesystemSecretManager(root: string): SecretManager {
  return {
    async get(name) {
      const segments = segmentsOf(name)
      try {
        const base = await realpath(resolve(root))
        return secretValue(await read(base, join(base, ...segments), name))
      } catch (cause) {
        throw translated(cause, name)
      }
    },
  }
}

const SEGMENT = /^[^\\\0]+$/

function segmentsOf(name: string): string[] {
  const segments = name.replace(/^\//, '').split('/')
  if (segments.every((one) => SEGMENT.test(one) && one !== '.' && one !== '..')) return segments
  throw secretNotFound('the name of the secret leaves its folder')
}

async function read(root: string, path: string, name: string): Promise<Buffer> {
  const place = await placeBelow(root, path)
  const contents = await readPrivateFile(place)
  if (contents) return contents
  await requireSafeFolder(place)
  const versions = (await readdir(place)).filter((entry) => entry !== 'metadata').sort()
  const newest = versions.at(-1)
  const version = newest && (await readPrivateFile(await placeBelow(root, join(place, newest))))
  if (version) return version
  throw secretNotFound(`the secret ${name} has no version`)
}

/** Where the path leads, which is below the root, through folders in which others can replace nothing. */
async function placeBelow(root: string, path: string): Promise<string> {
  const place = await realpath(path)
  if (!place.startsWith(join(root, sep)))
    throw secretNotFound('the secret is a link that leaves its folder')
  for (const folder of new Set([path, place].flatMap((one) => foldersAbove(root, one)))) {
    await requireSafeFolder(folder)
  }
  return place
}

function foldersAbove(root: string, path: string): string[] {
  const folders = relative(root, path).split(sep).slice(0, -1)
  return [root, ...folders.map((_, at) => join(root, ...folders.slice(0, at + 1)))]
}

function translated(cause: unknown, name: string): unknown {
  if (!(cause instanceof Error && 'code' in cause && 'syscall' in cause)) return cause
  switch (cause.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
    case 'ELOOP':
      return secretNotFound(`there is no secret ${name}`, { cause })
    case 'EACCES':
    case 'EPERM':
      return secretAccessDenied(`no permission to read the secret ${name}`, { cause })
    default:
      return secretManagerUnavailable(`the secret ${name} cannot be read`, { cause })
  }
}
