import { DEFAULT_VAULT_ENDPOINT, defaultCredential } from '@ens/azure'
import { cachingSecretManager } from './caching.ts'
import type { SecretsConfig } from './config.ts'
import { secretReferenceInvalid } from './errors.ts'
import { expandingSecretManager } from './expand.ts'
import { guardedSecretManager } from './guard.ts'
import type { SecretManager } from './secret-manager.ts'

export interface OpenOptions {
  /** A secret could not be read anew, so that its last value served once more. Neither name nor value is told. */
  onTrouble?: ((error: unknown) => void) | undefined
}

/** Opens the secret manager that the configuration names, with its deadline, its cache and its expansion. */
export async function openSecretManager(
  config: SecretsConfig,
  now: () => Date,
  { onTrouble }: OpenOptions = {},
): Promise<SecretManager> {
  const provider = guardedSecretManager(await openProvider(config), config.timeoutMs)
  const { cacheTtlMs: ttlMs, cacheStaleMs: staleMs } = config
  const caching = { ttlMs, staleMs, now, ...(onTrouble && { onTrouble }) }
  const cached = ttlMs > 0 ? cachingSecretManager(provider, caching) : provider
  return config.expansion ? expandingSecretManager(cached) : cached
}

async function openProvider(config: SecretsConfig): Promise<SecretManager> {
  switch (config.secretManager) {
    case 'AWS_SECRETS_MANAGER': {
      const { openAwsSecretManager } = await import('./aws-secrets-manager.ts')
      return openAwsSecretManager({ endpoint: config.awsEndpoint })
    }
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
    case 'GOOGLE_SECRET_MANAGER': {
      const { googleSecretManager } = await import('./google-secret-manager.ts')
      return googleSecretManager({ endpoint: config.googleEndpoint })
    }
    case 'HASHICORP_VAULT': {
      const { hashicorpVaultSecretManager } = await import('./hashicorp-vault.ts')
      return hashicorpVaultSecretManager(config.vault)
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
