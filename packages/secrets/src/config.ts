import { vaultEndpoint } from '@ens/azure'
import {
  choice,
  describeConfig,
  duration,
  env,
  flag,
  optionalText,
  originIfSet,
  text,
  timeout,
} from '@ens/config'
import { vaultConfig } from '@ens/vault/config'
import { z } from 'zod'

/** Where `secret://` references lead. None of these settings can itself be a reference. */
export const secretsConfig = z.object({
  secretManager: env(
    'SECRET_MANAGER',
    choice(
      [
        'NOOP',
        'GOOGLE_SECRET_MANAGER',
        'AWS_SECRETS_MANAGER',
        'AZURE_KEY_VAULT',
        'HASHICORP_VAULT',
        'FILESYSTEM',
        'IN_MEMORY',
      ],
      'NOOP',
    ),
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
  cacheStaleMs: env(
    'SECRET_CACHE_STALE',
    duration('1h'),
    'How long after SECRET_CACHE_TTL a secret still serves while the secret manager is in trouble; 0 not at all.',
  ),
  timeoutMs: env(
    'SECRET_TIMEOUT',
    timeout('10s'),
    'Longest to wait for the secret manager, its retries included.',
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
  googleEndpoint: env(
    'GOOGLE_SECRET_MANAGER_ENDPOINT',
    originIfSet(),
    'Address of SECRET_MANAGER=GOOGLE_SECRET_MANAGER, such as a regional endpoint. One of http:// is an emulator and is sent no credentials. Unset: secretmanager.googleapis.com.',
  ),
  vault: vaultConfig,
  awsEndpoint: env(
    'AWS_ENDPOINT_URL_SECRETS_MANAGER',
    optionalText(),
    'URL of a server that speaks the protocol of AWS Secrets Manager, for SECRET_MANAGER=AWS_SECRETS_MANAGER. Unset: Amazon’s.',
    { fallback: 'AWS_ENDPOINT_URL' },
  ),
  azureEndpoint: vaultEndpoint,
})

type EverySetting = z.output<typeof secretsConfig>

/** Settings of providers that are not chosen may be left out. */
export type SecretsConfig = Omit<EverySetting, 'azureEndpoint' | 'googleEndpoint' | 'vault'> &
  Partial<EverySetting>

/** What the secret manager itself is configured with cannot be a secret. */
export const PLAIN: ReadonlySet<string> = new Set(
  describeConfig(secretsConfig).map(({ variable }) => variable),
)
