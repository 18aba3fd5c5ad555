import { join } from 'node:path'
import { invalidKeyId, keyMalformed, keyNotFound, keyTypeMismatch } from './errors.ts'
import { isVersionName, keyId, keySegments, nextVersionName } from './key-path.ts'
import {
  createPrivateFile,
  createPrivateFolders,
  findPrivateFile,
  listFolder,
  privateFoldersExist,
} from './private-files.ts'

export type KeyType = 'signing' | 'encryption'

/** The folder of one key: `metadata` says its type, every other file is a version. */
const METADATA = 'metadata'

/** Makes the folder and its metadata unless they are there; a key of the other type is refused. */
export async function createKeyFolder(root: string, id: string, type: KeyType): Promise<string> {
  const segments = keySegments(id)
  const name = segments.at(-1) ?? ''
  if (name === METADATA || isVersionName(name)) {
    throw invalidKeyId(`a key cannot be called ${name}; that is a file of a key`)
  }
  const metadata = join(root, ...segments, METADATA)
  await createPrivateFolders(root, segments)
  await createPrivateFile(metadata, Buffer.from(JSON.stringify({ t: type })))
  await requireType(root, segments, type)
  return keyId(segments)
}

/** Adds a version that is newer than every other and returns its id. */
export async function createVersion(
  root: string,
  id: string,
  type: KeyType,
  contents: Uint8Array,
  now: Date,
): Promise<string> {
  const segments = keySegments(id)
  // Another process may take the same name at the same moment; the next one is free then.
  while (true) {
    const [newest] = await versionNames(root, id, type)
    const version = [...segments, nextVersionName(newest, now)]
    if (await createPrivateFile(join(root, ...version), contents)) return keyId(version)
  }
}

/** Newest first. Throws `key_not_found` if there is no such key, `key_type_mismatch` if it is of the other type. */
export async function versionNames(root: string, id: string, type: KeyType): Promise<string[]> {
  const segments = keySegments(id)
  await requireType(root, segments, type)
  const names = await listFolder(join(root, ...segments))
  return names.filter(isVersionName).sort().reverse()
}

/** The contents of one version's file. */
export async function readVersion(root: string, id: string): Promise<Buffer> {
  const contents = await findKeyFile(root, keySegments(id))
  if (!contents) throw keyNotFound(`there is no key version ${id}`)
  return contents
}

async function requireType(root: string, segments: string[], type: KeyType): Promise<void> {
  const id = keyId(segments)
  const metadata = await findKeyFile(root, [...segments, METADATA])
  if (!metadata) throw keyNotFound(`there is no key ${id}`)
  const found = typeIn(metadata, id)
  if (found !== type) throw keyTypeMismatch(`key ${id} is of type ${found}, not ${type}`)
}

async function findKeyFile(root: string, segments: string[]): Promise<Buffer | undefined> {
  const exist = await privateFoldersExist(root, segments.slice(0, -1))
  return exist ? findPrivateFile(join(root, ...segments)) : undefined
}

function typeIn(metadata: Buffer, id: string): string {
  try {
    return String(JSON.parse(metadata.toString()).t)
  } catch (cause) {
    throw keyMalformed(`the metadata of key ${id} cannot be read`, { cause })
  }
}
