import { openVault, type Vault, type VaultConfig } from '@ens/vault'
import { EVERY_CAPABILITY } from './capabilities.ts'
import { guarded } from './guard.ts'
import { transitCiphers } from './hashicorp-vault/ciphers.ts'
import { parseTransitKey, parseTransitVersion } from './hashicorp-vault/key-id.ts'
import {
  createKey,
  destroySigningVersion,
  listSigningVersions,
  rotateKey,
  type Use,
} from './hashicorp-vault/keys.ts'
import { transitSigner } from './hashicorp-vault/signer.ts'
import type { CallOptions, KeyManager } from './key-manager.ts'

/**
 * Keys of Vault's transit engine, which signs and encrypts by itself: `ecdsa-p256` and `aes256-gcm96`. A key is named
 * `[mount/]name`, its version `[mount/]name@3` (operations.md, section 3.3); without a mount it is `transit`.
 * https://developer.hashicorp.com/vault/api-docs/secret/transit
 */
export function hashicorpVaultKeyManager(config: VaultConfig | undefined): KeyManager {
  const vault = openVault(config)
  const ciphers = transitCiphers(vault)
  return {
    capabilities: { ...EVERY_CAPABILITY, destroyVersions: 'oldest-first' },
    signer: (id, call) =>
      guarded(call, () => transitSigner(vault, parseTransitVersion(id), call?.signal)),
    encrypt: (id, plaintext, aad, call) =>
      guarded(call, () => ciphers.encrypt(parseTransitKey(id), plaintext, aad, call?.signal)),
    decrypt: (id, ciphertext, aad, call) =>
      guarded(call, () => ciphers.decrypt(parseTransitKey(id), ciphertext, aad, call?.signal)),
    createSigningKey: (parent, name, call) => create(vault, parent, name, 'sign', call),
    createSigningKeyVersion: (id, call) => rotate(vault, id, 'sign', call),
    listSigningKeyVersions: (id, call) =>
      guarded(call, () => listSigningVersions(vault, parseTransitKey(id), call?.signal)),
    destroySigningKeyVersion: (id, call) =>
      guarded(call, () => destroySigningVersion(vault, parseTransitVersion(id), call?.signal)),
    createEncryptionKey: (parent, name, call) => create(vault, parent, name, 'encrypt', call),
    createEncryptionKeyVersion: (id, call) => rotate(vault, id, 'encrypt', call),
  }
}

function create(vault: Vault, parent: string, name: string, use: Use, call?: CallOptions) {
  return guarded(call, async () => {
    const key = parseTransitKey(parent === '' ? name : `${parent}/${name}`)
    await createKey(vault, key, use, call?.signal)
    return key.id
  })
}

function rotate(vault: Vault, id: string, use: Use, call?: CallOptions) {
  return guarded(call, async () => {
    const key = parseTransitKey(id)
    return `${key.id}@${await rotateKey(vault, key, use, call?.signal)}`
  })
}
