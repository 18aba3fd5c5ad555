import { choice, duration, env, flag, optionalText, text } from '@ens/config'
import { z } from 'zod'
import { cachingSecretManager } from './caching.ts'
import { secretReferenceInvalid } from './errors.ts'
import { expandingSecretManager } from './expand.ts'
import type { SecretManager } from './secret-manager.ts'

/** Where `secret://` references lead. None of these settings can itself be a reference. */
export const secretsConfig = z.object({
  secretManager: env(
    'SECRET_MANAGER',
    choice(['NOOP', 'FILESYSTEM', 'IN_MEMORY'], 'NOOP'),
    'Where secret:// references in other variables lead. NOOP refuses them; IN_MEMORY is empty and for tests.',
  ),
  secretsDir: env(
    'SECRETS_DIR',
    text('/var/run/secrets'),
    'Folder for secrets that are wanted as files (`?target=file`); its permissions must be 0700.',
  ),
  cacheTtlMs: env(
    'SECRET_CACHE_TTL',
    duration('5m'),
    'How long a secret is kept before it is asked for again; 0 keeps none.',
  ),
  expansion: env(
    'SECRET_EXPANSION',
    flag(false),
    'Whether `secret://name.path` reads a text inside a secret that is a JSON object.',
  ),
  filesystemRoot: env(
    'SECRET_FILESYSTEM_ROOT',
    optionalText(),
    'Folder of the secrets of SECRET_MANAGER=FILESYSTEM. Unset: the working directory.',
  ),
})

export type SecretsConfig = z.output<typeof secretsConfig>

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
