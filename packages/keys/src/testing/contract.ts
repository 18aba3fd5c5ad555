import { verify } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { isP256, publicKeyFromPem, publicKeyToPem } from '../ecdsa.ts'
import type { KeyManager } from '../key-manager.ts'
import {
  AAD,
  anEncryptionKey,
  aSigningKeyVersion,
  DIGEST,
  expectLacking,
  MESSAGE,
  twoEncryptionKeys,
  twoSigningKeyVersions,
  UNSUPPORTED,
} from './given-keys.ts'
import {
  deadlinePromises,
  type FailingKeyManager,
  failingPromises,
  hangingPromises,
} from './trouble.ts'

export interface KeyManagerUnderTest {
  keyManager: KeyManager
  /** Where the suite may make keys. */
  parent: string
  /** For a provider that cannot make keys: an existing one of each sort, the former by the id of a version. */
  signingKeyVersion?: string
  encryptionKey?: string
  /** Beside the former: one of another key, and an encryption key that is not the latter. */
  otherSigningKeyVersion?: string
  otherEncryptionKey?: string
  /** For a provider whose ids have a form of their own: a version and a key that do not exist. */
  missingSigningKeyVersion?: string
  missingKey?: string
}

/**
 * What every key manager promises; what it declares that it cannot must fail with `key_operation_unsupported`.
 * `hanging` opens one of the same provider whose other end never answers, `failing` one whose other end refuses what it is
 * told to refuse; every provider with another end of ours needs both.
 */
export function keyManagerContract(
  name: string,
  open: () => Promise<KeyManagerUnderTest>,
  hanging?: () => Promise<KeyManager>,
  failing?: () => Promise<FailingKeyManager>,
): void {
  describe(`the key manager ${name}`, () => {
    let subject: KeyManagerUnderTest
    beforeAll(async () => {
      subject = await open()
    })
    signingPromises(() => subject)
    otherKeyPromises(() => subject)
    versionPromises(() => subject)
    encryptionPromises(() => subject)
    deadlinePromises(() => subject)
    if (hanging) hangingPromises(hanging)
    if (failing) failingPromises(failing)
  })
}

type Subject = () => KeyManagerUnderTest

function signingPromises(subject: Subject): void {
  test('a signature of a digest verifies with the published key', async () => {
    const { keyManager } = subject()
    if (!keyManager.capabilities.sign) {
      return expect(keyManager.signer('any')).rejects.toMatchObject(UNSUPPORTED)
    }
    const signer = await keyManager.signer(await aSigningKeyVersion(subject()))
    const signature = await signer.sign(DIGEST)
    const published = publicKeyFromPem(publicKeyToPem(signer.publicKey))
    expect(isP256(published)).toBe(true)
    expect(verify('sha256', MESSAGE, published, signature)).toBe(true)
  })

  test('refuses to sign what is not a SHA-256 digest', async () => {
    const { keyManager } = subject()
    if (!keyManager.capabilities.sign) return expectLacking(keyManager, 'sign')
    const signer = await keyManager.signer(await aSigningKeyVersion(subject()))
    await expect(signer.sign(MESSAGE)).rejects.toMatchObject({ code: 'invalid_digest' })
  })

  test('a signing key that does not exist is not found', async () => {
    const { keyManager, parent, missingSigningKeyVersion } = subject()
    if (!keyManager.capabilities.sign) return expectLacking(keyManager, 'sign')
    const missing = missingSigningKeyVersion ?? `${parent}/missing/1601899200000000000`
    await expect(keyManager.signer(missing)).rejects.toMatchObject({ code: 'key_not_found' })
  })
}

function otherKeyPromises(subject: Subject): void {
  test('a signature verifies with its own key and with no other', async () => {
    const { keyManager } = subject()
    if (!keyManager.capabilities.sign) return expectLacking(keyManager, 'sign')
    const versions = await twoSigningKeyVersions(subject())
    if (!versions) return expectLacking(keyManager, 'createKeys')
    const [one, other] = versions
    const [signer, stranger] = [await keyManager.signer(one), await keyManager.signer(other)]
    const signature = await signer.sign(DIGEST)
    expect(verify('sha256', MESSAGE, signer.publicKey, signature)).toBe(true)
    expect(verify('sha256', MESSAGE, stranger.publicKey, signature)).toBe(false)
  })

  test('refuses a ciphertext of another key', async () => {
    const { keyManager } = subject()
    if (!keyManager.capabilities.encrypt) return expectLacking(keyManager, 'encrypt')
    const keys = await twoEncryptionKeys(subject())
    if (!keys) return expectLacking(keyManager, 'createKeys')
    const [one, other] = keys
    const ciphertext = await keyManager.encrypt(one, MESSAGE, AAD)
    const attempt = keyManager.decrypt(other, ciphertext, AAD)
    await expect(attempt).rejects.toMatchObject({ code: 'decryption_failed' })
  })
}

function versionPromises(subject: Subject): void {
  test('each version signs with its own key, and the newest is listed first', async () => {
    const { keyManager, parent } = subject()
    if (!(await canManageVersions(keyManager, parent))) return
    const key = await keyManager.createSigningKey(parent, 'with-versions')
    const first = await keyManager.createSigningKeyVersion(key)
    const second = await keyManager.createSigningKeyVersion(key)

    const listed = await keyManager.listSigningKeyVersions(key)

    expect(listed.slice(0, 2).map(({ id }) => id)).toEqual([second, first])
    for (const { id, publicKey } of listed) {
      const signature = await (await keyManager.signer(id)).sign(DIGEST)
      const signed = listed.filter((other) => verify('sha256', MESSAGE, other.publicKey, signature))
      expect(signed).toEqual([expect.objectContaining({ id, publicKey })])
    }
  })

  test('to make a key that exists returns the one there is, versions and all', async () => {
    const { keyManager, parent } = subject()
    if (!(await canManageVersions(keyManager, parent))) return
    const key = await keyManager.createSigningKey(parent, 'made-twice')
    const version = await keyManager.createSigningKeyVersion(key)
    expect(await keyManager.createSigningKey(parent, 'made-twice')).toBe(key)
    const [newest] = await keyManager.listSigningKeyVersions(key)
    expect(newest?.id).toBe(version)
  })

  test('versions made at the same moment are all kept', async () => {
    const { keyManager, parent } = subject()
    if (!(await canManageVersions(keyManager, parent))) return
    const key = await keyManager.createSigningKey(parent, 'made-at-once')
    const before = await keyManager.listSigningKeyVersions(key)
    const made = await Promise.all([1, 2, 3, 4].map(() => keyManager.createSigningKeyVersion(key)))
    const listed = await keyManager.listSigningKeyVersions(key)
    expect(new Set(made).size).toBe(4)
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(made))
    expect(listed).toHaveLength(before.length + 4)
  })

  test('a destroyed version signs no more, and may be destroyed again', async () => {
    const { keyManager, parent } = subject()
    if (!keyManager.capabilities.destroyVersions) {
      const attempt = keyManager.destroySigningKeyVersion('any')
      return expect(attempt).rejects.toMatchObject(UNSUPPORTED)
    }
    const key = await keyManager.createSigningKey(parent, 'destroyed')
    const version = await keyManager.createSigningKeyVersion(key)
    if (keyManager.capabilities.destroyVersions === 'oldest-first') {
      await destroyOlderThan(keyManager, key, version)
      await keyManager.createSigningKeyVersion(key)
    }
    await keyManager.destroySigningKeyVersion(version)
    await keyManager.destroySigningKeyVersion(version)
    await expect(keyManager.signer(version)).rejects.toMatchObject({ code: 'key_not_found' })
    const live = (await keyManager.listSigningKeyVersions(key)).filter((v) => !v.destroyedAt)
    expect(live.map(({ id }) => id)).not.toContain(version)
  })

  test('the versions of a key that does not exist are an error, not an empty list', async () => {
    const { keyManager, parent, missingKey = `${parent}/missing` } = subject()
    if (!keyManager.capabilities.listVersions) {
      const attempt = keyManager.listSigningKeyVersions('any')
      return expect(attempt).rejects.toMatchObject(UNSUPPORTED)
    }
    const attempt = keyManager.listSigningKeyVersions(missingKey)
    await expect(attempt).rejects.toMatchObject({ code: 'key_not_found' })
  })

  test('an encryption key does not sign, nor a signing key encrypt', async () => {
    const { keyManager, parent } = subject()
    if (!keyManager.capabilities.createKeys) return expectLacking(keyManager, 'createKeys')
    await keyManager.createEncryptionKey(parent, 'for-encryption')
    const signing = await keyManager.createSigningKey(parent, 'for-signing')
    const attempts = [
      () => keyManager.createSigningKey(parent, 'for-encryption'),
      () => keyManager.createEncryptionKey(parent, 'for-signing'),
      () => keyManager.encrypt(signing, MESSAGE, AAD),
    ]
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code: 'key_type_mismatch' })
    }
  })
}

function encryptionPromises(subject: Subject): void {
  test('decrypts what it encrypted, under an older version of the key too', async () => {
    const { keyManager } = subject()
    if (!keyManager.capabilities.encrypt) {
      return expect(keyManager.encrypt('any', MESSAGE, AAD)).rejects.toMatchObject(UNSUPPORTED)
    }
    const key = await anEncryptionKey(subject())
    const old = await keyManager.encrypt(key, MESSAGE, AAD)
    if (keyManager.capabilities.createVersions) await keyManager.createEncryptionKeyVersion(key)
    const young = await keyManager.encrypt(key, MESSAGE, AAD)
    expect(old.includes(MESSAGE)).toBe(false)
    expect(old).not.toEqual(young)
    expect(await keyManager.decrypt(key, old, AAD)).toEqual(MESSAGE)
    expect(await keyManager.decrypt(key, young, AAD)).toEqual(MESSAGE)
  })

  test('refuses a ciphertext with other associated data', async () => {
    const { keyManager } = subject()
    const { encrypt, associatedData } = keyManager.capabilities
    if (!encrypt || !associatedData) return expectLacking(keyManager, 'associatedData')
    const key = await anEncryptionKey(subject())
    const ciphertext = await keyManager.encrypt(key, MESSAGE, AAD)
    for (const other of ['of another row', `${AAD.toString()} and more`]) {
      const attempt = keyManager.decrypt(key, ciphertext, Buffer.from(other))
      await expect(attempt).rejects.toMatchObject({ code: 'decryption_failed' })
    }
  })

  test('refuses a ciphertext that was changed, cut or never one', async () => {
    const { keyManager } = subject()
    if (!keyManager.capabilities.encrypt) return expectLacking(keyManager, 'encrypt')
    const key = await anEncryptionKey(subject())
    const ciphertext = await keyManager.encrypt(key, MESSAGE, AAD)
    const changed = Buffer.from(ciphertext)
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    for (const wrong of [changed, ciphertext.subarray(0, -1), MESSAGE, Buffer.alloc(0)]) {
      const attempt = keyManager.decrypt(key, wrong, AAD)
      await expect(attempt).rejects.toMatchObject({ code: 'decryption_failed' })
    }
  })

  test('an encryption key that does not exist is not found', async () => {
    const { keyManager, parent, missingKey = `${parent}/missing` } = subject()
    if (!keyManager.capabilities.encrypt) return expectLacking(keyManager, 'encrypt')
    const attempt = keyManager.encrypt(missingKey, MESSAGE, AAD)
    await expect(attempt).rejects.toMatchObject({ code: 'key_not_found' })
  })
}

/** For a provider that destroys versions from the oldest on: others are refused, and stay. */
async function destroyOlderThan(keyManager: KeyManager, key: string, version: string) {
  const attempt = keyManager.destroySigningKeyVersion(version)
  await expect(attempt).rejects.toMatchObject(UNSUPPORTED)
  await (await keyManager.signer(version)).sign(DIGEST)
  const listed = (await keyManager.listSigningKeyVersions(key)).map(({ id }) => id)
  const older = listed.slice(listed.indexOf(version) + 1).reverse()
  for (const id of older) await keyManager.destroySigningKeyVersion(id)
}

/** False, and proven so, if the provider makes no keys of its own or does not list their versions. */
async function canManageVersions(keyManager: KeyManager, parent: string): Promise<boolean> {
  const { createKeys, createVersions, listVersions } = keyManager.capabilities
  if (!createKeys) {
    await expect(keyManager.createSigningKey(parent, 'any')).rejects.toMatchObject(UNSUPPORTED)
  }
  if (!createVersions) {
    await expect(keyManager.createSigningKeyVersion('any')).rejects.toMatchObject(UNSUPPORTED)
  }
  return createKeys && createVersions && listVersions
}
