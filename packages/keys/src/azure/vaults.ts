import { type CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys'
import { keyVault, type TokenCredential } from '@ens/azure'
import { keyNotFound } from '../errors.ts'
import { type KeyPlace, type KeyVersionPlace, keyIdOf } from './key-place.ts'

export interface VaultsOptions {
  /** Such as `https://{vault}.vault.azure.net`. */
  endpoint: string
  credential: TokenCredential
  /** Certificates to trust beside the system's, in PEM. */
  ca?: string
}

/** The clients of the vaults in use; each asks for its token once. */
export interface Vaults {
  client(vault: string): KeyClient
  cryptography(place: KeyVersionPlace): CryptographyClient
  /** Throws `key_not_found` for a version that is disabled, too. */
  key(place: KeyPlace, ask: Ask): Promise<KeyVaultKey>
}

/** Makes one request of a call: repeated while Key Vault is in trouble, or, if it must not be done twice, while it surely was not. */
export type Ask = <T>(
  request: (abortSignal: AbortSignal) => Promise<T>,
  options?: { repeatable: boolean },
) => Promise<T>

export function openVaults({ endpoint, credential, ca }: VaultsOptions): Vaults {
  const clients = new Map<string, KeyClient>()
  const cryptographies = new Map<string, CryptographyClient>()

  function client(vault: string): KeyClient {
    return kept(clients, vault, () => {
      const { url, options } = keyVault(endpoint, vault)
      return new KeyClient(url, credential, { ...options, ...(ca && { tlsOptions: { ca } }) })
    })
  }

  return {
    client,
    cryptography(place) {
      const { vault, name, version } = place
      return kept(cryptographies, keyIdOf(place), () =>
        client(vault).getCryptographyClient(name, { keyVersion: version }),
      )
    },
    async key({ vault, name, version }, ask) {
      const which = version ? { version } : {}
      const key = await ask((abortSignal) => client(vault).getKey(name, { ...which, abortSignal }))
      if (key.properties.enabled !== false) return key
      throw keyNotFound(
        `key ${keyIdOf({ vault, name, version: key.properties.version })} is disabled`,
      )
    },
  }
}

function kept<T>(known: Map<string, T>, key: string, make: () => T): T {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}
