import { cachingSecretManager } from './caching.ts'
import type { SecretsConfig } from './config.ts'
import { secretReferenceInvalid } from './errors.ts'
import { expandingSecretManager } from './expand.ts'
import type { SecretManager } from './secret-manager.ts'

/** Opens the secret manager that the configuration names, with its cache and its expansion. */
export async function openSecretManager(
  config: SecretsConfig,
  now: () => Date,
): Promise<SecretManager> {
  const provider = await openProvider(config)
  const cached =
    config.cacheTtlMs > 0
      ? cachingSecretManager(provider, { ttlMs: config.cacheTtlMs, now })
      : provider
  return config.expansion ? expandingSecretManager(cached) : cached
}

async function openProvider(config: SecretsConfig): Promise<SecretManager> {
  switch (config.secretManager) {
    case 'AWS_SECRETS_MANAGER': {
      const { awsSecretManager } = await import('./aws-secrets-manager.ts')
      return awsSecretManager({ endpoint: config.awsEndpoint })
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
