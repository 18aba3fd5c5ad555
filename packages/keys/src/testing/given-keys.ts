import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { KeyManager, KeyManagerCapabilities } from '../key-manager.ts'
import type { KeyManagerUnderTest } from './contract.ts'

export const MESSAGE = Buffer.from('what a phone will verify')
export const DIGEST = createHash('sha256').update(MESSAGE).digest()
export const AAD = Buffer.from('of one row')
export const UNSUPPORTED = { code: 'key_operation_unsupported' }

export async function aSigningKeyVersion(subject: KeyManagerUnderTest): Promise<string> {
  const { keyManager, parent, signingKeyVersion } = subject
  if (signingKeyVersion !== undefined) return signingKeyVersion
  const key = await keyManager.createSigningKey(parent, 'signing')
  return keyManager.createSigningKeyVersion(key)
}

export async function anEncryptionKey(subject: KeyManagerUnderTest): Promise<string> {
  const { keyManager, parent, encryptionKey } = subject
  if (encryptionKey !== undefined) return encryptionKey
  const key = await keyManager.createEncryptionKey(parent, 'encryption')
  await keyManager.createEncryptionKeyVersion(key)
  return key
}

/** Of two keys; undefined if the provider makes none and was given one only. */
export async function twoSigningKeyVersions(
  subject: KeyManagerUnderTest,
): Promise<[string, string] | undefined> {
  const { keyManager, parent, otherSigningKeyVersion } = subject
  const one = await aSigningKeyVersion(subject)
  if (otherSigningKeyVersion !== undefined) return [one, otherSigningKeyVersion]
  if (!keyManager.capabilities.createKeys) return undefined
  const key = await keyManager.createSigningKey(parent, 'other-signing')
  return [one, await keyManager.createSigningKeyVersion(key)]
}

export async function twoEncryptionKeys(
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

export function expectLacking(
  keyManager: KeyManager,
  capability: keyof KeyManagerCapabilities,
): void {
  expect(keyManager.capabilities[capability]).toBe(false)
}
