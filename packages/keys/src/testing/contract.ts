import { createHash, verify } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { isP256, publicKeyFromPem, publicKeyToPem } from '../ecdsa.ts'
import type { KeyManager, KeyManagerCapabilities } from '../key-manager.ts'

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
}

/** A provider whose other end fails when it is told to. */
export interface FailingKeyManager extends KeyManagerUnderTest {
  /** Denies permission for everything, until it is told otherwise. */
  refuse(refused: boolean): void
  /** Turns the next so many requests away as too many. */
  throttle(requests: number): void
}

const MESSAGE = Buffer.from('what a phone will verify')
const DIGEST = createHash('sha256').update(MESSAGE).digest()
const AAD = Buffer.from('of one row')
const UNSUPPORTED = { code: 'key_operation_unsupported' }

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
    const { keyManager, parent } = subject()
    if (!keyManager.capabilities.sign) return expectLacking(keyManager, 'sign')
    const missing = `${parent}/missing/1601899200000000000`
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
    await keyManager.destroySigningKeyVersion(version)
    await keyManager.destroySigningKeyVersion(version)
    await expect(keyManager.signer(version)).rejects.toMatchObject({ code: 'key_not_found' })
    const live = (await keyManager.listSigningKeyVersions(key)).filter((v) => !v.destroyedAt)
    expect(live.map(({ id }) => id)).not.toContain(version)
  })

  test('the versions of a key that does not exist are an error, not an empty list', async () => {
    const { keyManager, parent } = subject()
    if (!keyManager.capabilities.listVersions) {
      const attempt = keyManager.listSigningKeyVersions('any')
      return expect(attempt).rejects.toMatchObject(UNSUPPORTED)
    }
    const attempt = keyManager.listSigningKeyVersions(`${parent}/missing`)
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
    for (const other of ['of another row', '', `${AAD} and more`]) {
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
    const { keyManager, parent } = subject()
    if (!keyManager.capabilities.encrypt) return expectLacking(keyManager, 'encrypt')
    const attempt = keyManager.encrypt(`${parent}/missing`, MESSAGE, AAD)
    await expect(attempt).rejects.toMatchObject({ code: 'key_not_found' })
  })
}

interface Operation {
  needs: keyof KeyManagerCapabilities
  run: (keyManager: KeyManager, signal: AbortSignal) => Promise<unknown>
}

const OPERATIONS: Operation[] = [
  { needs: 'sign', run: (keys, signal) => keys.signer('a/b/1', { signal }) },
  { needs: 'encrypt', run: (keys, signal) => keys.encrypt('a/b', MESSAGE, AAD, { signal }) },
  { needs: 'encrypt', run: (keys, signal) => keys.decrypt('a/b', MESSAGE, AAD, { signal }) },
  { needs: 'createKeys', run: (keys, signal) => keys.createSigningKey('a', 'b', { signal }) },
  {
    needs: 'createVersions',
    run: (keys, signal) => keys.createSigningKeyVersion('a/b', { signal }),
  },
  { needs: 'listVersions', run: (keys, signal) => keys.listSigningKeyVersions('a/b', { signal }) },
  {
    needs: 'destroyVersions',
    run: (keys, signal) => keys.destroySigningKeyVersion('a/b/1', { signal }),
  },
  { needs: 'createKeys', run: (keys, signal) => keys.createEncryptionKey('a', 'c', { signal }) },
  {
    needs: 'createVersions',
    run: (keys, signal) => keys.createEncryptionKeyVersion('a/c', { signal }),
  },
]

/** What an operation must fail with when its provider cannot be reached: its own code if it is not offered at all. */
function codeOf({ needs }: Operation, { capabilities }: KeyManager): string {
  return capabilities[needs] ? 'key_manager_unavailable' : UNSUPPORTED.code
}

function deadlinePromises(subject: Subject): void {
  test('does nothing for a caller that has stopped waiting', async () => {
    const signal = AbortSignal.abort(new Error('the deadline has passed'))
    const { keyManager } = subject()
    for (const operation of OPERATIONS) {
      const code = codeOf(operation, keyManager)
      await expect(operation.run(keyManager, signal)).rejects.toMatchObject({ code })
    }
  })
}

function hangingPromises(open: () => Promise<KeyManager>): void {
  test('a provider that hangs keeps nobody waiting past the signal', async () => {
    const keyManager = await open()
    const cause = new Error('the deadline has passed')
    for (const operation of OPERATIONS) {
      const deadline = new AbortController()
      const attempt = operation.run(keyManager, deadline.signal)
      deadline.abort(cause)
      const code = codeOf(operation, keyManager)
      const outcome = code === UNSUPPORTED.code ? { code } : { code, cause }
      await expect(attempt).rejects.toMatchObject(outcome)
    }
  })
}

function failingPromises(open: () => Promise<FailingKeyManager>): void {
  test('without permission every operation says so, and none is tried in vain', async () => {
    const subject = await open()
    const uses = await usesOf(subject)
    subject.refuse(true)
    for (const use of uses) {
      const outcome = { code: 'key_access_denied', kind: 'internal' }
      await expect(use()).rejects.toMatchObject(outcome)
    }
    subject.refuse(false)
    for (const use of uses) expect(await use()).toBeDefined()
  })

  test('what is turned away as too much is tried again', async () => {
    const subject = await open()
    for (const use of await usesOf(subject)) {
      subject.throttle(1)
      expect(await use()).toBeDefined()
    }
  })

  test('what is turned away again and again ends by the signal', async () => {
    const subject = await open()
    const uses = await usesOf(subject)
    subject.throttle(Number.POSITIVE_INFINITY)
    for (const use of uses) {
      const attempt = use(AbortSignal.timeout(100))
      await expect(attempt).rejects.toMatchObject({ code: 'key_manager_unavailable' })
    }
  })
}

/** Every way to use a key that the provider offers, on keys that are there. */
async function usesOf(subject: KeyManagerUnderTest) {
  const { keyManager } = subject
  const uses: ((signal?: AbortSignal) => Promise<unknown>)[] = []
  if (keyManager.capabilities.sign) {
    const version = await aSigningKeyVersion(subject)
    const signer = await keyManager.signer(version)
    uses.push((signal) => keyManager.signer(version, { signal }))
    uses.push((signal) => signer.sign(DIGEST, { signal }))
  }
  if (keyManager.capabilities.encrypt) {
    const key = await anEncryptionKey(subject)
    const ciphertext = await keyManager.encrypt(key, MESSAGE, AAD)
    uses.push((signal) => keyManager.encrypt(key, MESSAGE, AAD, { signal }))
    uses.push((signal) => keyManager.decrypt(key, ciphertext, AAD, { signal }))
  }
  return uses
}

async function aSigningKeyVersion(subject: KeyManagerUnderTest): Promise<string> {
  const { keyManager, parent, signingKeyVersion } = subject
  if (signingKeyVersion !== undefined) return signingKeyVersion
  const key = await keyManager.createSigningKey(parent, 'signing')
  return keyManager.createSigningKeyVersion(key)
}

async function anEncryptionKey(subject: KeyManagerUnderTest): Promise<string> {
  const { keyManager, parent, encryptionKey } = subject
  if (encryptionKey !== undefined) return encryptionKey
  const key = await keyManager.createEncryptionKey(parent, 'encryption')
  await keyManager.createEncryptionKeyVersion(key)
  return key
}

/** Of two keys; undefined if the provider makes none and was given one only. */
async function twoSigningKeyVersions(
  subject: KeyManagerUnderTest,
): Promise<[string, string] | undefined> {
  const { keyManager, parent, otherSigningKeyVersion } = subject
  const one = await aSigningKeyVersion(subject)
  if (otherSigningKeyVersion !== undefined) return [one, otherSigningKeyVersion]
  if (!keyManager.capabilities.createKeys) return undefined
  const key = await keyManager.createSigningKey(parent, 'other-signing')
  return [one, await keyManager.createSigningKeyVersion(key)]
}

async function twoEncryptionKeys(
  subject: KeyManagerUnderTest,
): Promise<[string, string] | undefined> {
  const { keyManager, parent, otherEncryptionKey } = subject
  const one = await anEncryptionKey(subject)
  if (otherEncryptionKey !== undefined) return [one, otherEncryptionKey]
  if (!keyManager.capabilities.createKeys) return undefined
  const key = await keyManager.createEncryptionKey(parent, 'other-encryption')
  await keyManager.createEncryptionKeyVersion(key)
  return [one, key]
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

function expectLacking(keyManager: KeyManager, capability: keyof KeyManagerCapabilities): void {
  expect(keyManager.capabilities[capability]).toBe(false)
}
