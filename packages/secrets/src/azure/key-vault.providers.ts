import { SecretClient } from '@azure/keyvault-secrets'
import { defaultCredential, keyVault } from '@ens/azure'
import { whenConfigured } from '@ens/provider-servers'
import { secretManagerContract } from '../testing/contract.ts'
import { keyVaultSecretManager } from './key-vault.ts'

// TEST_AZURE_KEY_VAULT: the name of a vault in which the suite may set secrets. Credentials by Azure's usual chain;
// AZURE_KEY_VAULT_ENDPOINT as in production.
whenConfigured(
  'AZURE_KEY_VAULT (secrets)',
  ['TEST_AZURE_KEY_VAULT'],
  ({ TEST_AZURE_KEY_VAULT: vault }) => {
    const endpoint = process.env['AZURE_KEY_VAULT_ENDPOINT'] ?? 'https://{vault}.vault.azure.net'
    secretManagerContract('AZURE_KEY_VAULT', async (stored) => {
      const credential = await defaultCredential()
      const { url, options } = keyVault(endpoint, vault)
      const client = new SecretClient(url, credential, options)
      for (const [name, value] of Object.entries(stored)) await client.setSecret(name, value)
      const manager = keyVaultSecretManager({ endpoint, credential, random: Math.random })
      return { get: (name) => manager.get(`${vault}/${name}`) }
    })
  },
)
