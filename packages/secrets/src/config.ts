import { vaultEndpoint } from '@ens/azure'
import { choice, describeConfig, duration, env, flag, optionalText, text } from '@ens/config'
import { z } from 'zod'

/** Where `secret://` references lead. None of these settings can itself be a reference. */
export const secretsConfig = z.object({
  secretManager: env(
    'SECRET_MANAGER',
    choice(['NOOP', 'AZURE_KEY_VAULT', 'FILESYSTEM', 'IN_MEMORY'], 'NOOP'),
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
  azureEndpoint: vaultEndpoint,
})

export type SecretsConfig = z.output<typeof secretsConfig>

/** What the secret manager itself is configured with cannot be a secret. */
export const PLAIN: ReadonlySet<string> = new Set(
  describeConfig(secretsConfig).map(({ variable }) => variable),
)
