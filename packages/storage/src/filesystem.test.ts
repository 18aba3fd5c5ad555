import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Blobstore, PutOptions } from './blobstore.ts'
import { filesystemBlobstore } from './filesystem.ts'
import { blobstoreContract } from './testing/contract.ts'

const { signal } = new AbortController()
const options: PutOptions = { contentType: 'application/zip', cacheable: true, signal }
const NEW = Buffer.from('new')

async function rootWithBucket(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'blob store '))
  await mkdir(join(root, 'bucket'))
  return root
}

blobstoreContract('on disk', async () => {
  const root = await rootWithBucket()
  return { blobstore: filesystemBlobstore(root), bucket: 'bucket', missingBucket: 'missing' }
})

let root: string
let store: Blobstore
beforeEach(async () => {
  root = await rootWithBucket()
  store = filesystemBlobstore(root)
})

describe('on disk', () => {
  test('an object is a file that the web server in front may read', async () => {
    await store.create('bucket', 'us/de/1.zip', NEW, options)
    const file = join(root, 'bucket/us/de/1.zip')
    expect(await readFile(file)).toEqual(NEW)
    expect((await stat(file)).mode & 0o777).toBe(0o644)
  })

  test('a bucket may be a path, and is not made', async () => {
    await expect(store.create('a/b', 'name', NEW, options)).rejects.toMatchObject({
      code: 'bucket_not_found',
    })
    await mkdir(join(root, 'a/b'), { recursive: true })
    await store.create('a/b', 'name', NEW, options)
    expect(await readFile(join(root, 'a/b/name'))).toEqual(NEW)
  })

  test('a file that nobody can hold is refused, and a pipe keeps nobody waiting', async () => {
    await writeFile(join(root, 'bucket/huge'), '')
    await truncate(join(root, 'bucket/huge'), 2 ** 40)
    const huge = store.get('bucket', 'huge', { signal })
    await expect(huge).rejects.toMatchObject({ code: 'blob_too_large' })
    execFileSync('mkfifo', [join(root, 'bucket/pipe')])
    const pipe = store.get('bucket', 'pipe', { signal })
    await expect(pipe).rejects.toMatchObject({ code: 'object_not_found' })
  })

  test('a file is no bucket', async () => {
    await writeFile(join(root, 'file'), 'x')
    const attempt = store.get('file', 'name', { signal })
    await expect(attempt).rejects.toMatchObject({ code: 'bucket_not_found' })
  })

  test.each(['bucket/us', 'bucket/us/1.zip/more'])(
    'what is an object cannot be a folder as well: %s',
    async (path) => {
      await store.create('bucket', 'us/1.zip', NEW, options)
      const attempt = store.put('bucket', path.slice('bucket/'.length), NEW, options)
      await expect(attempt).rejects.toMatchObject({ code: 'invalid_object_name' })
      expect(await visibleNames(root)).toEqual(['us/1.zip'])
    },
  )

  test('a write that fails, comes too late or is not allowed leaves nothing behind', async () => {
    await store.create('bucket', 'us/1.zip', NEW, options)
    const deadline = new AbortController()
    const attempts = [
      store.create('bucket', 'us/1.zip', NEW, options),
      store.create('bucket', 'us/2.zip', NEW, { ...options, signal: deadline.signal }),
    ]
    deadline.abort()
    await Promise.allSettled(attempts)
    await store.create('bucket', 'us/3.zip', NEW, options)
    expect(await filesIn(root)).toEqual(['bucket/us/1.zip', 'bucket/us/3.zip'])
  })

  test('a bucket that refuses us the lock of its writers is an error of its own', async () => {
    await store.create('bucket', 'name', NEW, options)
    await mkdir(join(root, 'bucket/.partial-lock'))
    const refused = { code: 'storage_access_denied', kind: 'internal' }
    await expect(store.put('bucket', 'name', NEW, options)).rejects.toMatchObject(refused)
    await expect(store.delete('bucket', 'name', { signal })).rejects.toMatchObject(refused)
    expect(await visibleNames(root)).toEqual(['name'])
  })

  test('no name reaches a file outside the bucket', async () => {
    await writeFile(join(root, 'outside'), 'secret')
    const part = fc.constantFrom('..', '.', '/', '\\', 'outside', 'bucket', '%2e%2e', '\0')
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const attempt = store.get('bucket', parts.join(''), { signal })
        const code = expect.stringMatching(/^(invalid_object_name|object_not_found)$/)
        await expect(attempt).rejects.toMatchObject({ code })
      }),
    )
  })

  test('a link inside a bucket is not followed, wherever it leads, and what it leads to stays', async () => {
    await mkdir(join(root, 'elsewhere'))
    await writeFile(join(root, 'elsewhere/1.zip'), 'secret')
    await symlink(join(root, 'elsewhere'), join(root, 'bucket/us'))
    await symlink(join(root, 'elsewhere/1.zip'), join(root, 'bucket/1.zip'))
    for (const name of ['us/1.zip', 'us/2.zip', '1.zip', 'us/de/1.zip']) {
      const attempts = [
        () => store.get('bucket', name, { signal }),
        () => store.create('bucket', name, NEW, options),
        () => store.put('bucket', name, NEW, options),
        () => store.delete('bucket', name, { signal }),
      ]
      for (const attempt of attempts)
        await expect(attempt()).rejects.toMatchObject({ code: 'invalid_object_name' })
    }
    expect(await filesIn(join(root, 'elsewhere'))).toEqual(['1.zip'])
    expect(await readFile(join(root, 'elsewhere/1.zip'), 'utf8')).toBe('secret')
  })

  test('the bucket may be a link of the operator', async () => {
    await symlink(join(root, 'bucket'), join(root, 'link'))
    await store.create('link', 'name', NEW, options)
    expect(await readFile(join(root, 'bucket/name'))).toEqual(NEW)
  })
})

describe('between processes', () => {
  test('no conditional write is lost', async () => {
    await store.put('bucket', 'counter', Buffer.from('0'), options)
    const writers = [1, 2, 3].map(() => writer('count', root, '20'))
    const exits = await Promise.all(writers.map((child) => once(child, 'exit')))
    expect(exits).toEqual([
      [0, null],
      [0, null],
      [0, null],
    ])
    const { contents } = await store.get('bucket', 'counter', { signal })
    expect(Buffer.from(contents).toString()).toBe('60')
  })

  test('a writer that is killed leaves whole objects, and locks nobody out', async () => {
    const child = writer('flood', root)
    for (let seen = 0; seen < 5; seen++) await once(child.stdout ?? child, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')

    for (const name of await visibleNames(root)) {
      const { contents } = await store.get('bucket', name, { signal })
      expect([name, contents.length, new Set(contents).size]).toEqual([name, 300_000, 1])
    }
    await store.put('bucket', 'flood/latest', NEW, options)
    expect((await store.get('bucket', 'flood/latest', { signal })).contents).toEqual(NEW)
  })
})

function writer(...args: string[]): ChildProcess {
  const script = fileURLToPath(new URL('./testing/writer.ts', import.meta.url))
  return spawn(process.execPath, ['--conditions=@ens/source', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map((file) => join(file.parentPath, file.name).slice(folder.length + 1)).sort()
}

async function visibleNames(folder: string): Promise<string[]> {
  const files = await filesIn(join(folder, 'bucket'))
  return files.filter((file) => !file.includes('.partial-'))
}
