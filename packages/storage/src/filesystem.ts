import { randomUUID } from 'node:crypto'
import { link, lstat, mkdir, open, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Blobstore, Version } from './blobstore.ts'
import { digestOf, versionOf } from './digest.ts'
import {
  bucketNotFound,
  invalidObjectName,
  objectChanged,
  objectExists,
  objectNotFound,
} from './errors.ts'
import { exclusively } from './exclusively.ts'
import { fileVersion, hasCode, readFileBounded, undefinedIfMissing } from './file.ts'
import { guarded } from './guarded.ts'
import { PARTIAL_PREFIX } from './names.ts'

/** What is exported is public: the web server in front may read it, whoever it runs as. */
const FILE_MODE = 0o644
const LOCK_FILE = `${PARTIAL_PREFIX}lock`

/**
 * Buckets are folders under `root` that the operator makes; folders inside a bucket come with the names of objects.
 * Objects are files, so the web server in front must set content types and `cacheControl`, and must not serve
 * names that begin with `.partial-`. For one machine: a network file system may not keep what is promised here.
 */
export function filesystemBlobstore(root: string): Blobstore {
  const base = resolve(root)
  return guarded({
    capabilities: { store: true, conditionalPut: true, headers: false },

    async create(bucket, name, contents, { signal }) {
      const place = await placeFor(base, bucket, name)
      const write = writeAside(place, contents, signal, (partial) => linkAs(partial, place))
      await asObjectErrors(place, write)
      return { digest: digestOf(contents) }
    },

    async put(bucket, name, contents, { signal, onlyIf }) {
      const place = await placeFor(base, bucket, name)
      const write = writeAside(place, contents, signal, (partial) =>
        exclusively(place.lockFile, signal, async () => {
          if (onlyIf !== undefined) await requireVersion(place, onlyIf)
          await rename(partial, place.path)
        }),
      )
      await asObjectErrors(place, write)
      return versionOf(contents)
    },

    async get(bucket, name, { maxBytes }) {
      await refuseLinks(join(base, bucket), name)
      const contents = await readFileBounded(join(base, bucket, name), { bucket, name, maxBytes })
      if (contents) return { contents, version: versionOf(contents) }
      await requireBucket(base, bucket)
      throw objectNotFound(`no object ${name} in ${bucket}`)
    },

    async delete(bucket, name, { signal }) {
      await requireBucket(base, bucket)
      await refuseLinks(join(base, bucket), name)
      const path = join(base, bucket, name)
      await exclusively(join(base, bucket, LOCK_FILE), signal, () => remove(path))
    },
  })
}

/** Where an object goes. */
interface Place {
  bucket: string
  name: string
  path: string
  /** One writer at a time may replace or delete objects of a bucket. */
  lockFile: string
}

async function placeFor(base: string, bucket: string, name: string): Promise<Place> {
  await requireBucket(base, bucket)
  const folder = join(base, bucket)
  await refuseLinks(folder, name)
  return { bucket, name, path: join(folder, name), lockFile: join(folder, LOCK_FILE) }
}

async function requireBucket(base: string, bucket: string): Promise<void> {
  const stats = await undefinedIfMissing(stat(join(base, bucket)))
  if (stats?.isDirectory()) return
  throw bucketNotFound(`there is no folder ${bucket} under ${base}; make it, services do not`)
}

/** A bucket may be a link of the operator; a link inside it could lead anywhere, and is never followed. */
async function refuseLinks(bucketFolder: string, name: string): Promise<void> {
  let path = bucketFolder
  for (const segment of name.split('/')) {
    path = join(path, segment)
    const stats = await undefinedIfMissing(lstat(path))
    if (!stats) return
    if (stats.isSymbolicLink()) throw invalidObjectName(`${name} leads through a link: ${path}`)
  }
}

/** Writes the contents to the disk under a name that no reader knows, then has `publish` give it the object's name. */
async function writeAside(
  { lockFile, path }: Place,
  contents: Uint8Array,
  signal: AbortSignal,
  publish: (partial: string) => Promise<void>,
): Promise<void> {
  await createFolders(dirname(lockFile), dirname(path))
  const partial = join(dirname(path), `${PARTIAL_PREFIX}${randomUUID()}`)
  try {
    await writeSynced(partial, contents)
    signal.throwIfAborted()
    await publish(partial)
  } finally {
    await rm(partial, { force: true })
  }
  await syncFolder(dirname(path))
}

/** Makes what is missing of the folders below the bucket, outermost first, and has them survive a power cut. */
async function createFolders(bucket: string, folder: string): Promise<void> {
  if (folder === bucket || (await undefinedIfMissing(stat(folder)))?.isDirectory()) return
  await createFolders(bucket, dirname(folder))
  await mkdir(folder, { recursive: true })
  await syncFolder(dirname(folder))
}

async function writeSynced(path: string, contents: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', FILE_MODE)
  try {
    await handle.writeFile(contents)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A hard link, unlike a rename, never replaces what is there. */
async function linkAs(partial: string, { bucket, name, path }: Place): Promise<void> {
  try {
    await link(partial, path)
  } catch (cause) {
    if (!hasCode(cause, 'EEXIST')) throw cause
    throw objectExists(`object ${name} is in ${bucket} already`, { cause })
  }
}

async function requireVersion({ bucket, name, path }: Place, expected: Version): Promise<void> {
  const current = await fileVersion(path)
  if (current === expected) return
  throw objectChanged(
    `object ${name} in ${bucket} was ${current ? 'replaced' : 'deleted'} meanwhile`,
  )
}

async function remove(path: string): Promise<void> {
  await undefinedIfMissing(unlink(path))
  await undefinedIfMissing(syncFolder(dirname(path)))
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function asObjectErrors<T>({ name }: Place, writing: Promise<T>): Promise<T> {
  try {
    return await writing
  } catch (cause) {
    if (!hasCode(cause, 'EEXIST', 'ENOTDIR', 'EISDIR')) throw cause
    throw invalidObjectName(`on disk ${name} cannot be an object and a folder at once`, { cause })
  }
}
