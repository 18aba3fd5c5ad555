import { env, text } from '@ens/config'

export const DEFAULT_VAULT_ENDPOINT = 'https://{vault}.vault.azure.net'

/** For keys and for secrets. */
export const vaultEndpoint = env(
  'AZURE_KEY_VAULT_ENDPOINT',
  text(DEFAULT_VAULT_ENDPOINT),
  'Address of the vaults of AZURE_KEY_VAULT. Without `{vault}` it is one server for all, which is given any token it asks for.',
)
