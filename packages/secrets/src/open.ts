import { DEFAULT_VAULT_ENDPOINT, defaultCredential } from '@ens/azure'
import { cachingSecretManager } from './caching.ts'
import type { SecretsConfig } from './config.ts'
import { secretReferenceInvalid } from './errors.ts'
import { expandingSecretManager } from './expand.ts'
import type { SecretManager } from './secret-manager.ts'

/** What every provider needs; a provider's own settings may be left out where it is not chosen. */
type ChosenConfig = Pick<SecretsConfig, 'secretManager' | 'cacheTtlMs' | 'expansion'> &
  Partial<SecretsConfig>

/** Opens the secret manager that the configuration names, with its cache and its expansion. */
export async function openSecretManager(
  config: ChosenConfig,
  now: () => Date,
): Promise<SecretManager> {
  const provider = await openProvider(config)
  const cached =
    config.cacheTtlMs > 0
      ? cachingSecretManager(provider, { ttlMs: config.cacheTtlMs, now })
      : provider
  return config.expansion ? expandingSecretManager(cached) : cached
}

async function openProvider(config: ChosenConfig): Promise<SecretManager> {
  switch (config.secretManager) {
    case 'AZURE_KEY_VAULT': {
      const { keyVaultSecretManager } = await import('./azure/key-vault.ts')
      const credential = await defaultCredential()
      const endpoint = config.azureEndpoint ?? DEFAULT_VAULT_ENDPOINT
      return keyVaultSecretManager({ endpoint, credential, random: Math.random })
    }
    case 'FILESYSTEM': {
      const { filesystemSecretManager } = await import('./filesystem.ts')
      return filesystemSecretManager(config.filesystemRoot ?? '')
    }
    case 'IN_MEMORY': {
      const { memorySecretManager } = await import('./memory.ts')
      return memorySecretManager()
    }
    case 'NOOP':
      return {
        get: async () => {
          throw secretReferenceInvalid('it refers to a secret, but SECRET_MANAGER is not set')
        },
      }
  }
}
