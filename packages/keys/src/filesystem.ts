import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { AEAD_KEY_LENGTH, seal, unseal } from './aead.ts'
import { EVERY_CAPABILITY } from './capabilities.ts'
import { decryptionFailed, invalidKeyId, keyMalformed, keyNotFound } from './errors.ts'
import { guarded } from './guard.ts'
import { createKeyFolder, createVersion, readVersion, versionNames } from './key-folders.ts'
import type { KeyManager, SigningKeyVersion } from './key-manager.ts'
import { isVersionName, keySegments, versionCreatedAt } from './key-path.ts'
import { localSigner, newSigningKey, privateKeyFromSec1 } from './local-signer.ts'
import { deletePrivateFile, openPrivateRoot, privateFoldersExist } from './private-files.ts'

export interface FilesystemKeyManagerOptions {
  /** Made with mode 0700 if it is missing. Must not be writable by others. */
  root: string
  /** Names the versions. */
  now: () => Date
}

/**
 * Keys as files, in the layout of the reference server: `<root>/<key id>/metadata` and one file per version,
 * named by its unix nanoseconds, which holds the DER of a P-256 key or 32 random bytes. Files are 0600, folders
 * 0700, and a key that others may reach is refused. Each folder or file below the root must be one, not a link.
 */
export async function filesystemKeyManager(
  options: FilesystemKeyManagerOptions,
): Promise<KeyManager> {
  const { now } = options
  const root = resolve(options.root)
  await guarded(undefined, () => openPrivateRoot(root))
  return {
    capabilities: EVERY_CAPABILITY,
    signer: (id, call) => guarded(call, async () => localSigner(await privateKey(root, id))),
    encrypt: (id, plaintext, aad, call) => guarded(call, () => encrypt(root, id, plaintext, aad)),
    decrypt: (id, ciphertext, aad, call) => guarded(call, () => decrypt(root, id, ciphertext, aad)),
    createSigningKey: (parent, name, call) =>
      guarded(call, () => createKeyFolder(root, `${parent}/${name}`, 'signing')),
    createSigningKeyVersion: (id, call) =>
      guarded(call, () => createVersion(root, id, 'signing', newSigningKey(), now())),
    listSigningKeyVersions: (id, call) => guarded(call, () => listSigningKeyVersions(root, id)),
    destroySigningKeyVersion: (id, call) => guarded(call, () => destroyVersion(root, id)),
    createEncryptionKey: (parent, name, call) =>
      guarded(call, () => createKeyFolder(root, `${parent}/${name}`, 'encryption')),
    createEncryptionKeyVersion: (id, call) =>
      guarded(call, () =>
        createVersion(root, id, 'encryption', randomBytes(AEAD_KEY_LENGTH), now()),
      ),
  }
}

async function privateKey(root: string, id: string) {
  return privateKeyFromSec1(await readVersion(root, id))
}

async function listSigningKeyVersions(root: string, id: string): Promise<SigningKeyVersion[]> {
  const names = await versionNames(root, id, 'signing')
  return Promise.all(names.map((name) => signingKeyVersion(root, `${id}/${name}`, name)))
}

async function signingKeyVersion(root: string, id: string, name: string) {
  const { publicKey } = localSigner(await privateKey(root, id))
  return { id: `/${keySegments(id).join('/')}`, createdAt: versionCreatedAt(name), publicKey }
}

/** Only a version of a signing key goes: the metadata and the keys of other uses are out of reach. */
async function destroyVersion(root: string, id: string): Promise<void> {
  const segments = keySegments(id)
  const folders = segments.slice(0, -1)
  if (!isVersionName(segments.at(-1) ?? '')) {
    throw invalidKeyId(`${id} is not the id of a key version`)
  }
  if (!(await privateFoldersExist(root, folders))) return
  await versionNames(root, folders.join('/'), 'signing')
  await deletePrivateFile(join(root, ...segments))
}

/** `<version>:` and what `seal` makes with the newest version. */
async function encrypt(root: string, id: string, plaintext: Uint8Array, aad: Uint8Array) {
  const [newest] = await versionNames(root, id, 'encryption')
  if (newest === undefined) throw keyNotFound(`key ${id} has no version yet; create one`)
  const key = await encryptionKey(root, id, newest)
  return Buffer.concat([Buffer.from(`${newest}:`), seal(key, plaintext, aad)])
}

async function decrypt(root: string, id: string, ciphertext: Uint8Array, aad: Uint8Array) {
  const bytes = Buffer.from(ciphertext)
  const separator = bytes.indexOf(':')
  const version = bytes.toString('latin1', 0, Math.max(separator, 0))
  if (!isVersionName(version)) throw decryptionFailed('the ciphertext names no key version')
  await versionNames(root, id, 'encryption')
  const key = await encryptionKey(root, id, version)
  const plaintext = unseal(key, bytes.subarray(separator + 1), aad)
  if (!plaintext) throw decryptionFailed(`the ciphertext was not made by key ${id} for this use`)
  return plaintext
}

async function encryptionKey(root: string, id: string, version: string): Promise<Buffer> {
  const key = await readVersion(root, `${id}/${version}`)
  if (key.length === AEAD_KEY_LENGTH) return key
  throw keyMalformed(`version ${version} of key ${id} has ${key.length} bytes, not 32`)
}
