import { env, text } from '@ens/config'
import { keyVault } from './key-vault.ts'

export const DEFAULT_VAULT_ENDPOINT = 'https://{vault}.vault.azure.net'

/** For keys and for secrets. */
export const vaultEndpoint = env(
  'AZURE_KEY_VAULT_ENDPOINT',
  text(DEFAULT_VAULT_ENDPOINT)
    .refine(isSecureUrl, 'must be a URL that begins with https://')
    .transform((endpoint) => endpoint),
  'Address of the vaults of AZURE_KEY_VAULT. Without `{vault}` it is one server for all, which is given any token it asks for.',
)

/** The SDK sends no token otherwise. */
function isSecureUrl(endpoint: string): boolean {
  const { url } = keyVault(endpoint, 'vault')
  return URL.canParse(url) && new URL(url).protocol === 'https:'
}
