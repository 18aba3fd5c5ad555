import { env, optionalText, timeout } from '@ens/config'
import { z } from 'zod'

const DEFAULT_TIMEOUT = '30s'

/** As Vault's own command reads it: a number without a unit is seconds. */
const timeoutOrSeconds = z
  .preprocess(
    (given) => (typeof given === 'string' && /^\d+$/.test(given) ? `${given}s` : given),
    timeout(DEFAULT_TIMEOUT),
  )
  .meta({ type: 'duration', fallback: DEFAULT_TIMEOUT })

/** How to reach Vault, in the variables of its own command. None of them can refer to a secret. */
export const vaultConfig = z.object({
  address: env(
    'VAULT_ADDR',
    optionalText(),
    'URL of HashiCorp Vault, such as `https://vault.example:8200`; needed where it is chosen. NODE_EXTRA_CA_CERTS names a CA of your own.',
  ),
  token: env('VAULT_TOKEN', optionalText(), 'Token for Vault.', { secret: true }),
  tokenFile: env(
    'VAULT_TOKEN_FILE',
    optionalText(),
    'File of the token, read for each request: the sink of Vault Agent. Used where VAULT_TOKEN is not set.',
  ),
  namespace: env('VAULT_NAMESPACE', optionalText(), 'Namespace of Vault Enterprise.'),
  timeoutMs: env(
    'VAULT_CLIENT_TIMEOUT',
    timeoutOrSeconds,
    'Longest that one operation on Vault may take, its retries included; `60` is `60s`, as for Vault’s own command.',
  ),
})

export type VaultConfig = z.output<typeof vaultConfig>
