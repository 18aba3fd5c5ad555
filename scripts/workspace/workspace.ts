import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { listFiles } from '../paths.ts'

interface Manifest {
  name?: string
  private?: boolean
  type?: string
  exports?: Record<string, Record<string, string>>
  files?: string[]
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

/** A package or a service. */
export interface Member {
  kind: 'package' | 'service'
  /** Of its folder. */
  name: string
  /** From the root, such as `packages/errors`. */
  path: string
  manifest: Manifest
}

export interface Workspace {
  members: Member[]
  exists(path: string): boolean
  read(path: string): Promise<string>
  readJson<T>(path: string): Promise<T>
  /** The files that the patterns name, sorted; none that was installed, built or generated. */
  files(...patterns: string[]): Promise<string[]>
}

export async function readWorkspace(root: string): Promise<Workspace> {
  const read = (path: string) => readFile(join(root, path), 'utf8')
  const workspace = {
    exists: (path: string) => existsSync(join(root, path)),
    read,
    readJson: async (path: string) => JSON.parse(await read(path)),
    files: (...patterns: string[]) => listFiles(patterns, root),
  }
  const manifests = await workspace.files('{packages,services}/*/package.json')
  const members = await Promise.all(
    manifests.map(async (path) => member(dirname(path), await workspace.readJson(path))),
  )
  return { ...workspace, members }
}

function member(path: string, manifest: Manifest): Member {
  const kind = path.startsWith('packages/') ? 'package' : 'service'
  return { kind, name: basename(path), path, manifest }
}
