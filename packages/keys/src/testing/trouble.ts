import { expect, test } from 'vitest'
import type { KeyManager, KeyManagerCapabilities } from '../key-manager.ts'
import type { KeyManagerUnderTest } from './contract.ts'
import {
  AAD,
  anEncryptionKey,
  aSigningKeyVersion,
  DIGEST,
  MESSAGE,
  UNSUPPORTED,
} from './given-keys.ts'

/** A provider whose other end fails when it is told to. */
export interface FailingKeyManager extends KeyManagerUnderTest {
  /** Denies permission for everything, until it is told otherwise. */
  refuse(refused: boolean): void
  /** Turns the next so many requests away as too many. */
  throttle(requests: number): void
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

export function deadlinePromises(subject: () => KeyManagerUnderTest): void {
  test('does nothing for a caller that has stopped waiting', async () => {
    const signal = AbortSignal.abort(new Error('the deadline has passed'))
    const { keyManager } = subject()
    for (const operation of OPERATIONS) {
      const code = codeOf(operation, keyManager)
      await expect(operation.run(keyManager, signal)).rejects.toMatchObject({ code })
    }
  })
}

export function hangingPromises(open: () => Promise<KeyManager>): void {
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

export function failingPromises(open: () => Promise<FailingKeyManager>): void {
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
