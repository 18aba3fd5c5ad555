import { chmod, mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { LocalConfig } from './config.ts'
import { folderNotOurs } from './errors.ts'

/** Where everything of a fleet on one machine lies. To remove it is to start afresh. */
export interface LocalFolder {
  readonly root: string
  readonly database: string
  readonly blobs: string
  readonly keys: string
  logOf(member: string): string
  file(name: string): string
}

/**
 * Makes what is missing; a bucket is made here because services do not make theirs. Database, archives and keys belong
 * together: those of another blob store than the file system lie in a folder of their own.
 */
export async function openFolder(
  root: string,
  bucket: string,
  blobstore: LocalConfig['blobstore'] = 'FILESYSTEM',
): Promise<LocalFolder> {
  const data = blobstore === 'FILESYSTEM' ? root : join(root, 'azure')
  const folder: LocalFolder = {
    root,
    database: join(data, 'postgres'),
    blobs: join(data, 'blobs'),
    keys: join(data, 'keys'),
    logOf: (member) => join(root, 'logs', `${member}.log`),
    file: (name) => join(root, name),
  }
  await mkdir(root, { recursive: true })
  await mustBeOurs(root)
  await mkdir(join(root, 'logs'), { recursive: true })
  await mkdir(blobstore === 'FILESYSTEM' ? join(folder.blobs, bucket) : folder.blobs, {
    recursive: true,
  })
  await mkdir(folder.keys, { recursive: true, mode: 0o700 })
  await chmod(folder.keys, 0o700)
  return folder
}

/** Files of two users in one folder would keep both from starting again. */
async function mustBeOurs(root: string): Promise<void> {
  const { uid } = await stat(root)
  if (uid === process.getuid?.()) return
  throw folderNotOurs(
    `${root} belongs to user ${uid}, who started here before; start as that user, or remove the folder to start afresh`,
  )
}

/** Written aside and renamed, so that nobody reads half of it; for the owner's eyes only. */
export async function writePrivate(file: string, contents: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const aside = `${file}.${process.pid}.partial`
  const handle = await open(aside, 'w', 0o600)
  try {
    await handle.writeFile(contents)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(aside, file)
}

/** Begins a log anew; the last one is kept beside it, as `.1`. */
export async function rotateLog(file: string): Promise<void> {
  await rename(file, `${file}.1`).catch(() => {}) // the first start has none
}
