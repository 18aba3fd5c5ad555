import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  realpath,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { filesystemSecretManager } from './filesystem.ts'
import { MAX_SECRET_BYTES, type SecretManager } from './secret-manager.ts'
import { secretManagerContract } from './testing/contract.ts'

const write = (path: string, value: string | Uint8Array) => writeFile(path, value, { mode: 0o600 })

secretManagerContract('on disk', async (stored) => {
  const root = await mkdtemp(join(tmpdir(), 'secrets '))
  for (const [name, value] of Object.entries(stored)) await write(join(root, name), value)
  let versions = 0
  return {
    manager: filesystemSecretManager(root),
    binary: true,
    async add(name, value) {
      const version = `${name}/${1601899200000000000 + 1024 * versions++}`
      await mkdir(join(root, name), { recursive: true })
      await write(join(root, version), value)
      return version
    },
  }
})

let root: string
let manager: SecretManager
beforeEach(async () => {
  root = join(await realpath(await mkdtemp(join(tmpdir(), 'secrets '))), 'root')
  await mkdir(join(root, 'system/db'), { recursive: true })
  await write(join(root, 'plain'), 'one')
  await write(join(root, 'system/db/100'), 'old')
  await write(join(root, 'system/db/200'), 'new')
  await writeFile(join(root, 'system/db/metadata'), '{}')
  await write(join(root, '../outside'), 'not yours')
  manager = filesystemSecretManager(root)
})

test('a file is a secret, and so is the greatest version in a folder', async () => {
  expect(await manager.get('plain')).toBe('one')
  expect(await manager.get('system/db')).toBe('new')
  expect(await manager.get('/system/db/100')).toBe('old')
})

test('a file that nobody can hold is refused, whatever it says of its size', async () => {
  await write(join(root, 'largest'), Buffer.alloc(MAX_SECRET_BYTES, 'x'))
  await write(join(root, 'huge'), '')
  await truncate(join(root, 'huge'), 2 ** 40)
  expect(await manager.get('largest')).toHaveLength(MAX_SECRET_BYTES)
  await expect(manager.get('huge')).rejects.toMatchObject({ code: 'secret_too_large' })
})

test('a missing secret, and a folder without versions, are not found', async () => {
  await mkdir(join(root, 'empty'))
  for (const name of ['none', 'empty', 'plain/more', 'n'.repeat(300)]) {
    await expect(manager.get(name)).rejects.toMatchObject({ code: 'secret_not_found' })
  }
})

describe('permissions', () => {
  test.each([
    ['a secret that a group may read', 0o640, 'plain'],
    ['a secret that everybody may write', 0o602, 'plain'],
    ['a version that others may read', 0o604, 'system/db/200'],
  ])('%s is refused with the path and the remedy', async (_, mode, file) => {
    const path = join(root, file)
    await chmod(path, mode)
    await expect(manager.get(file)).rejects.toMatchObject({
      code: 'secret_permissions_too_open',
      message: expect.stringContaining(`chmod go= '${path}'`),
    })
  })

  test.each(['', 'system', 'system/db'])(
    'a folder in which others can replace secrets is refused: %j',
    async (folder) => {
      const path = join(root, folder)
      await chmod(path, 0o770)
      const refused = {
        code: 'secret_permissions_too_open',
        message: expect.stringContaining(path),
      }
      await expect(manager.get('system/db')).rejects.toMatchObject(refused)
      await chmod(path, 0o755)
      expect(await manager.get('system/db')).toBe('new')
    },
  )

  test('what another user owns is refused, whatever its mode', async () => {
    const { uid } = process.getuid?.() === 0 ? { uid: 65_534 } : { uid: 0 }
    const attempt = process.getuid?.() === 0 ? chown(join(root, 'plain'), uid, uid) : undefined
    await attempt
    const outcome = await manager.get('plain').catch((error: { code: string }) => error.code)
    expect(outcome).toBe(uid === 0 ? 'one' : 'secret_permissions_too_open')
  })
})

describe('no name leads out of the root', () => {
  test.each([
    '../outside',
    'a/../../outside',
    '',
    '.',
    'a//b',
    'a\0b',
    '..',
    'system/db/../../../outside',
  ])('%j', async (name) => {
    await expect(manager.get(name)).rejects.toMatchObject({ code: 'secret_not_found' })
  })

  test('whatever the name is made of', async () => {
    const part = fc.constantFrom('..', '.', '/', '\\', 'outside', 'system', '%2e%2e', '\0')
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const attempt = manager.get(parts.join(''))
        await expect(attempt).rejects.toMatchObject({ code: 'secret_not_found' })
      }),
    )
  })

  test('nor does a link, of a file, a folder or a version', async () => {
    await symlink(join(root, '../outside'), join(root, 'link'))
    await symlink(join(root, '..'), join(root, 'folder'))
    await mkdir(join(root, 'versions'))
    await symlink('../../outside', join(root, 'versions/300'))
    await symlink('loop', join(root, 'loop'))
    for (const name of ['link', 'folder/outside', 'versions', 'versions/300', 'loop']) {
      await expect(manager.get(name)).rejects.toMatchObject({ code: 'secret_not_found' })
    }
  })
})

test('secrets that Kubernetes mounts are found: links to a folder that is swapped at once', async () => {
  for (const [folder, value] of [
    ['..2020_10_05', 'before'],
    ['..2020_10_06', 'after'],
  ] as const) {
    await mkdir(join(root, folder))
    await write(join(root, folder, 'db-password'), value)
  }
  await symlink('..2020_10_05', join(root, '..data'))
  await symlink('..data/db-password', join(root, 'db-password'))
  await chmod(root, 0o1777)
  expect(await manager.get('db-password')).toBe('before')
})
