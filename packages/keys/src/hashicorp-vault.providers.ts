import { randomBytes } from 'node:crypto'
import { whenConfigured } from '@ens/provider-servers'
import { hashicorpVaultKeyManager } from './hashicorp-vault.ts'
import type { KeyManager } from './key-manager.ts'
import { keyManagerContract } from './testing/contract.ts'

whenConfigured('HashiCorp Vault keys', ['VAULT_ADDR', 'VAULT_TOKEN'], (variables) => {
  const keyManager = hashicorpVaultKeyManager({
    address: variables.VAULT_ADDR,
    token: variables.VAULT_TOKEN,
    tokenFile: undefined,
    namespace: process.env.VAULT_NAMESPACE,
    timeoutMs: 30_000,
  })
  const mount = process.env.VAULT_TEST_TRANSIT_MOUNT ?? 'transit'
  keyManagerContract(`of Vault at ${mount}`, async () => ({
    keyManager: ofThisRun(keyManager),
    parent: mount,
  }))
})

/** Keys outlive the run, so that each run takes names of its own. */
function ofThisRun(keyManager: KeyManager): KeyManager {
  const suffix = `-${randomBytes(4).toString('hex')}`
  return {
    ...keyManager,
    createSigningKey: (parent, name, options) =>
      keyManager.createSigningKey(parent, name + suffix, options),
    createEncryptionKey: (parent, name, options) =>
      keyManager.createEncryptionKey(parent, name + suffix, options),
  }
}
