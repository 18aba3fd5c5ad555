import { randomBytes } from 'node:crypto'
import { AEAD_KEY_LENGTH, seal, unseal } from './aead.ts'
import { EVERY_CAPABILITY } from './capabilities.ts'
import { decryptionFailed, keyNotFound, keyTypeMismatch } from './errors.ts'
import { guarded } from './guard.ts'
import type { KeyType } from './key-folders.ts'
import type { CallOptions, KeyManager } from './key-manager.ts'
import { keyId, keySegments } from './key-path.ts'
import { localSigner, newSigningKey, privateKeyFromSec1 } from './local-signer.ts'

export interface MemoryKeyManagerOptions {
  /** Dates the versions; without it they are all of 1970. */
  now?: () => Date
  /** Awaited at the start of every operation: throw to make it fail, never settle to make it hang. */
  before?: (operation: keyof KeyManager) => Promise<void> | void
}

/** Real keys that end with the process: for tests. Version ids count up from 1: `/parent/name/1`. */
export function memoryKeyManager(options: MemoryKeyManagerOptions = {}): KeyManager {
  const { now = () => new Date(0), before } = options
  const keys = new MemoryKeys()
  const run = <T>(name: keyof KeyManager, call: CallOptions | undefined, work: () => T) =>
    guarded(call, async () => {
      await before?.(name)
      return work()
    })
  return {
    capabilities: EVERY_CAPABILITY,
    signer: (id, call) => run('signer', call, () => keys.signer(id)),
    encrypt: (id, plaintext, aad, call) =>
      run('encrypt', call, () => keys.encrypt(id, plaintext, aad)),
    decrypt: (id, ciphertext, aad, call) =>
      run('decrypt', call, () => keys.decrypt(id, Buffer.from(ciphertext), aad)),
    createSigningKey: (parent, name, call) =>
      run('createSigningKey', call, () => keys.create(`${parent}/${name}`, 'signing')),
    createSigningKeyVersion: (id, call) =>
      run('createSigningKeyVersion', call, () =>
        keys.addVersion(id, 'signing', newSigningKey(), now()),
      ),
    listSigningKeyVersions: (id, call) =>
      run('listSigningKeyVersions', call, () => keys.signingVersions(id)),
    destroySigningKeyVersion: (id, call) =>
      run('destroySigningKeyVersion', call, () => keys.destroy(id)),
    createEncryptionKey: (parent, name, call) =>
      run('createEncryptionKey', call, () => keys.create(`${parent}/${name}`, 'encryption')),
    createEncryptionKeyVersion: (id, call) =>
      run('createEncryptionKeyVersion', call, () =>
        keys.addVersion(id, 'encryption', randomBytes(AEAD_KEY_LENGTH), now()),
      ),
  }
}

interface Version {
  secret: Buffer
  createdAt: Date
}

interface Key {
  type: KeyType
  created: number
  /** By id, oldest first. */
  versions: Map<string, Version>
}

class MemoryKeys {
  readonly #keys = new Map<string, Key>()

  create(rawId: string, type: KeyType): string {
    const id = plain(rawId)
    if (!this.#keys.has(id)) this.#keys.set(id, { type, created: 0, versions: new Map() })
    this.#get(id, type)
    return id
  }

  addVersion(rawId: string, type: KeyType, secret: Buffer, createdAt: Date): string {
    const key = this.#get(rawId, type)
    const id = `${plain(rawId)}/${++key.created}`
    key.versions.set(id, { secret, createdAt })
    return id
  }

  signer(rawId: string) {
    return localSigner(privateKeyFromSec1(this.#version(rawId, 'signing').secret))
  }

  signingVersions(rawId: string) {
    const versions = [...this.#get(rawId, 'signing').versions].reverse()
    return versions.map(([id, { createdAt }]) => {
      return { id, createdAt, publicKey: this.signer(id).publicKey }
    })
  }

  destroy(rawId: string): void {
    const id = plain(rawId)
    this.#keys.get(parentOf(id))?.versions.delete(id)
  }

  encrypt(rawId: string, plaintext: Uint8Array, aad: Uint8Array): Buffer {
    const newest = [...this.#get(rawId, 'encryption').versions].at(-1)
    if (!newest) throw keyNotFound(`key ${rawId} has no version yet; create one`)
    const [id, { secret }] = newest
    return Buffer.concat([Buffer.from(`${id}:`), seal(secret, plaintext, aad)])
  }

  decrypt(rawId: string, ciphertext: Buffer, aad: Uint8Array): Buffer {
    const separator = ciphertext.indexOf(':')
    const id = ciphertext.toString('latin1', 0, Math.max(separator, 0))
    const version = this.#get(rawId, 'encryption').versions.get(id)
    const plaintext = version && unseal(version.secret, ciphertext.subarray(separator + 1), aad)
    if (!plaintext) throw decryptionFailed('the ciphertext was not made by this key for this use')
    return plaintext
  }

  #get(rawId: string, type: KeyType): Key {
    const key = this.#keys.get(plain(rawId))
    if (!key) throw keyNotFound(`there is no key ${rawId}`)
    if (key.type !== type) throw keyTypeMismatch(`key ${rawId} is of type ${key.type}, not ${type}`)
    return key
  }

  #version(rawId: string, type: KeyType): Version {
    const id = plain(rawId)
    const version = this.#get(parentOf(id), type).versions.get(id)
    if (!version) throw keyNotFound(`there is no key version ${rawId}`)
    return version
  }
}

function plain(id: string): string {
  return keyId(keySegments(id))
}

function parentOf(versionId: string): string {
  return versionId.slice(0, versionId.lastIndexOf('/'))
}
