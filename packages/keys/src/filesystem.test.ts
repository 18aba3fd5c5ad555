import {
  chmod,
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
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { publicKeyToPem } from './ecdsa.ts'
import { filesystemKeyManager } from './filesystem.ts'
import type { KeyManager } from './key-manager.ts'
import { keyManagerContract } from './testing/contract.ts'
import { signatureVectors, wrapCases } from './testing/vectors.ts'

const NOON = new Date('2020-10-05T12:00:00Z')
const NOON_IN_NANOSECONDS = '1601899200000000000'
const now = () => NOON
const hex = (text: string) => Buffer.from(text, 'hex')

async function emptyRoot(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'keys ')), 'root')
}

keyManagerContract('on disk', async () => ({
  keyManager: await filesystemKeyManager({ root: await emptyRoot(), now }),
  parent: '/tests/contract',
}))

let root: string
let keyManager: KeyManager
beforeEach(async () => {
  root = await emptyRoot()
  keyManager = await filesystemKeyManager({ root, now })
})

const modeOf = async (path: string) => ((await stat(join(root, path))).mode & 0o777).toString(8)

describe('the layout on disk', () => {
  test('a signing key is a folder with metadata and SEC 1 files named by their nanoseconds', async () => {
    const key = await keyManager.createSigningKey('exports/de', 'signer')
    const version = await keyManager.createSigningKeyVersion(key)

    expect(key).toBe('/exports/de/signer')
    expect(version).toBe(`/exports/de/signer/${NOON_IN_NANOSECONDS}`)
    expect(await readFile(join(root, key, 'metadata'), 'utf8')).toBe('{"t":"signing"}')
    expect((await readFile(join(root, version))).subarray(0, 7)).toEqual(hex('30770201010420'))
    const [listed] = await keyManager.listSigningKeyVersions(key)
    expect(listed?.createdAt).toEqual(NOON)
  })

  test('an encryption version is 32 bytes', async () => {
    const key = await keyManager.createEncryptionKey('', 'tokens')
    const version = await keyManager.createEncryptionKeyVersion(key)
    expect(await readFile(join(root, key, 'metadata'), 'utf8')).toBe('{"t":"encryption"}')
    expect(await readFile(join(root, version))).toHaveLength(32)
  })

  test('nobody but the owner may enter a folder or read a file', async () => {
    const key = await keyManager.createSigningKey('exports', 'signer')
    const version = await keyManager.createSigningKeyVersion(key)
    const modes = ['', 'exports', key, `${key}/metadata`, version].map(modeOf)
    expect(await Promise.all(modes)).toEqual(['700', '700', '700', '600', '600'])
  })

  test('version names grow though the clock stands still or goes back', async () => {
    const key = await keyManager.createSigningKey('', 'signer')
    const earlier = await filesystemKeyManager({ root, now: () => new Date(0) })
    const made = [
      await keyManager.createSigningKeyVersion(key),
      await keyManager.createSigningKeyVersion(key),
      await earlier.createSigningKeyVersion(key),
    ]
    expect(made).toEqual(['000', '001', '002'].map((last) => `/signer/1601899200000000${last}`))
  })

  test('versions made by several processes in the same nanosecond are all kept', async () => {
    const key = await keyManager.createSigningKey('', 'signer')
    const others = await Promise.all([1, 2, 3, 4].map(() => filesystemKeyManager({ root, now })))
    const made = await Promise.all(others.map((other) => other.createSigningKeyVersion(key)))
    expect(new Set(made).size).toBe(4)
    expect(await keyManager.listSigningKeyVersions(key)).toHaveLength(4)
  })

  test('nothing is left beside the files of a key', async () => {
    const key = await keyManager.createSigningKey('', 'signer')
    await keyManager.createSigningKey('', 'signer')
    await keyManager.createSigningKeyVersion(key)
    expect((await readdir(join(root, key))).sort()).toEqual([NOON_IN_NANOSECONDS, 'metadata'])
  })

  test('what a crash left half written is no version', async () => {
    const key = await keyManager.createSigningKey('', 'signer')
    await writeFile(join(root, key, '.partial-5f0c'), 'half a k', { mode: 0o600 })
    expect(await keyManager.listSigningKeyVersions(key)).toEqual([])
    const attempt = keyManager.signer(`${key}/.partial-5f0c`)
    await expect(attempt).rejects.toMatchObject({ code: 'invalid_key_id' })
  })
})

describe('what the reference server wrote', () => {
  test.each(Object.values(signatureVectors.keys))(
    'any plain file signs, with or without the leading slash',
    async (key) => {
      await writeFile(join(root, 'plain'), hex(key.sec1_der_hex), { mode: 0o600 })
      for (const id of ['plain', '/plain']) {
        const { publicKey } = await keyManager.signer(id)
        expect(publicKeyToPem(publicKey)).toBe(key.spki_pem)
      }
    },
  )

  test.each(wrapCases)('a wrapped revision key opens: $name', async (wrapped) => {
    const key = await keyManager.createEncryptionKey('', 'tokens')
    const file = join(root, key, wrapped.versionFileName)
    await writeFile(file, hex(wrapped.kekHex), { mode: 0o600 })

    const opened = await keyManager.decrypt(key, hex(wrapped.wrappedCipherHex), hex(wrapped.aadHex))

    expect(opened.toString('hex')).toBe(wrapped.plaintextDekHex)
    const again = await keyManager.encrypt(key, opened, hex(wrapped.aadHex))
    expect(again.subarray(0, 20).toString()).toBe(`${wrapped.versionFileName}:`)
    expect(again).toHaveLength(hex(wrapped.wrappedCipherHex).length)
  })
})

describe('permissions', () => {
  test.each([
    ['a key file that a group may read', 0o640, 'version'],
    ['a key file that everybody may write', 0o602, 'version'],
    ['metadata that others may read', 0o604, 'metadata'],
    ['a key folder that others may list', 0o755, 'key'],
    ['a parent folder that a group may enter', 0o710, 'parent'],
  ] as const)('%s is refused with the path and the remedy', async (_, mode, which) => {
    const key = await keyManager.createSigningKey('exports', 'signer')
    const version = await keyManager.createSigningKeyVersion(key)
    const path = join(root, { version, metadata: `${key}/metadata`, key, parent: 'exports' }[which])
    await chmod(path, mode)

    const attempt = keyManager.listSigningKeyVersions(key)

    const message = expect.stringContaining(`chmod go= '${path}'`)
    await expect(attempt).rejects.toMatchObject({ code: 'key_permissions_too_open', message })
  })

  test('a root that others may write is refused at the start; one that they may read is not', async () => {
    await chmod(root, 0o770)
    const attempt = filesystemKeyManager({ root, now })
    await expect(attempt).rejects.toMatchObject({ code: 'key_permissions_too_open' })
    await chmod(root, 0o755)
    await expect(filesystemKeyManager({ root, now })).resolves.toBeDefined()
  })
})

describe('ids', () => {
  test.each([
    '',
    '/',
    '..',
    '../x',
    'a/../../x',
    'a//b',
    'a/',
    'a/./b',
    'a\\..\\b',
    'a\0b',
    'a\nb',
  ])('%j is no key id', async (id) => {
    const refused = { code: 'invalid_key_id' }
    await expect(keyManager.signer(id)).rejects.toMatchObject(refused)
    await expect(keyManager.createSigningKeyVersion(id)).rejects.toMatchObject(refused)
  })

  test.each(['metadata', NOON_IN_NANOSECONDS, '..', 'a\\b'])(
    'no key can be called %j',
    async (name) => {
      const attempt = keyManager.createSigningKey('parent', name)
      await expect(attempt).rejects.toMatchObject({ code: 'invalid_key_id' })
    },
  )

  test('no id reaches a file outside the root', async () => {
    const outside = join(root, '..', 'outside')
    await writeFile(outside, hex(signatureVectors.keys.key1.sec1_der_hex), { mode: 0o600 })
    const part = fc.constantFrom('..', '.', '/', '\\', 'outside', '%2e%2e', 'a', '\0')
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const attempt = keyManager.signer(parts.join(''))
        const outcome = {
          code: expect.stringMatching(/^(invalid_key_id|key_not_found|key_malformed)$/),
        }
        await expect(attempt).rejects.toMatchObject(outcome)
      }),
    )
  })

  test('a link to a key is no key: its permissions cannot be vouched for', async () => {
    const key = await keyManager.createSigningKey('', 'signer')
    const version = await keyManager.createSigningKeyVersion(key)
    await symlink(join(root, version), join(root, 'link'))
    await symlink(join(root, key), join(root, 'folder'))
    for (const id of ['link', `folder/${NOON_IN_NANOSECONDS}`]) {
      await expect(keyManager.signer(id)).rejects.toMatchObject({ code: 'key_not_found' })
    }
  })

  test('a link to a folder is not followed either, to read, to make keys or to destroy them', async () => {
    const outside = await filesystemKeyManager({ root: join(root, '../outside'), now })
    const key = await outside.createSigningKey('', 'signer')
    const version = await outside.createSigningKeyVersion(key)
    await symlink(join(root, '../outside'), join(root, 'link'))

    const missing = { code: 'key_not_found' }
    await expect(keyManager.signer(`link${version}`)).rejects.toMatchObject(missing)
    await expect(keyManager.listSigningKeyVersions(`link${key}`)).rejects.toMatchObject(missing)
    await expect(keyManager.createSigningKeyVersion(`link${key}`)).rejects.toMatchObject(missing)
    const making = keyManager.createSigningKey('link', 'new')
    await expect(making).rejects.toMatchObject({ code: 'invalid_key_id' })
    await keyManager.destroySigningKeyVersion(`link${version}`)
    expect(await readdir(join(root, '../outside'))).toEqual(['signer'])
    expect(await outside.listSigningKeyVersions(key)).toHaveLength(1)
  })

  test('a ciphertext cannot name a file of its choice as the key', async () => {
    const key = await keyManager.createEncryptionKey('', 'tokens')
    const attempt = keyManager.decrypt(key, Buffer.from('../../etc/hostname:x'), Buffer.of())
    await expect(attempt).rejects.toMatchObject({ code: 'decryption_failed' })
  })

  test('only a version of a signing key can be destroyed', async () => {
    const signing = await keyManager.createSigningKey('', 'signer')
    const encryption = await keyManager.createEncryptionKey('', 'tokens')
    const version = await keyManager.createEncryptionKeyVersion(encryption)
    const refusals = [
      [`${signing}/metadata`, 'invalid_key_id'],
      [signing, 'invalid_key_id'],
      [version, 'key_type_mismatch'],
    ] as const
    for (const [id, code] of refusals) {
      await expect(keyManager.destroySigningKeyVersion(id)).rejects.toMatchObject({ code })
    }
    expect(await readFile(join(root, version))).toHaveLength(32)
  })
})

describe('damage', () => {
  test.each([
    ['metadata that is not JSON', 'metadata', '{"t":'],
    ['a version that is not a key', NOON_IN_NANOSECONDS, 'not a key'],
  ])('%s is reported, not passed over', async (_, file, contents) => {
    const key = await keyManager.createSigningKey('', 'signer')
    await writeFile(join(root, key, file), contents, { mode: 0o600 })
    const attempt = keyManager.listSigningKeyVersions(key)
    await expect(attempt).rejects.toMatchObject({ code: 'key_malformed' })
  })

  test('an encryption key of the wrong length encrypts nothing', async () => {
    const key = await keyManager.createEncryptionKey('', 'tokens')
    await writeFile(join(root, key, NOON_IN_NANOSECONDS), 'short', { mode: 0o600 })
    const attempt = keyManager.encrypt(key, Buffer.of(1), Buffer.of())
    await expect(attempt).rejects.toMatchObject({ code: 'key_malformed' })
  })

  test('a file that is larger than any key is none, and is not read', async () => {
    const key = await keyManager.createSigningKey('/tests', 'huge')
    const version = await keyManager.createSigningKeyVersion(key)
    await truncate(join(root, version), 2 ** 40)
    await expect(keyManager.signer(version)).rejects.toMatchObject({
      code: 'key_malformed',
      message: expect.stringContaining('is larger than any key'),
    })
  })

  test('a folder where a key version should be is not taken for one', async () => {
    await mkdir(join(root, 'folder'), { mode: 0o700 })
    await expect(keyManager.signer('folder')).rejects.toMatchObject({ code: 'key_malformed' })
  })
})
