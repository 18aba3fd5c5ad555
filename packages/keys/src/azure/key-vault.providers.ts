import { defaultCredential } from '@ens/azure'
import { whenConfigured } from '@ens/provider-servers'
import { keyManagerContract } from '../testing/contract.ts'
import { keyVaultKeyManager } from './key-vault.ts'

// TEST_AZURE_KEY_VAULT: the name of a vault in which the suite may make keys. Credentials by Azure's usual chain;
// AZURE_KEY_VAULT_ENDPOINT as in production. The suite expects to make its keys: use a vault without keys of its own.
whenConfigured('AZURE_KEY_VAULT (keys)', ['TEST_AZURE_KEY_VAULT'], ({ TEST_AZURE_KEY_VAULT }) => {
  const endpoint = process.env['AZURE_KEY_VAULT_ENDPOINT'] ?? 'https://{vault}.vault.azure.net'
  keyManagerContract('AZURE_KEY_VAULT', async () => {
    const credential = await defaultCredential()
    const now = () => new Date()
    return {
      keyManager: keyVaultKeyManager({ endpoint, credential, now, random: Math.random }),
      parent: TEST_AZURE_KEY_VAULT,
    }
  })
})
