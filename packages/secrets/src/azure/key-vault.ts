import { SecretClient } from '@azure/keyvault-secrets'
import { azureFailure, keyVault, retrying, type TokenCredential } from '@ens/azure'
import {
  secretAccessDenied,
  secretManagerUnavailable,
  secretNotFound,
  secretTooLarge,
} from '../errors.ts'
import type { SecretManager } from '../secret-manager.ts'

export interface KeyVaultOptions {
  /** Such as `https://{vault}.vault.azure.net`. */
  endpoint: string
  credential: TokenCredential
  /** From 0 to 1, evenly; spreads retries. */
  random: () => number
  /** Certificates to trust beside the system's, in PEM. */
  ca?: string
  /** Ends the wait for one secret, retries and all, of a caller without a signal. */
  timeoutMs?: number
  /** Ends one attempt, so that another can be made; see `retrying`. */
  attemptMs?: number
}

const LONGEST_WAIT_MS = 30_000
/** `VAULT/SECRET`, which is the newest version, or `VAULT/SECRET/VERSION`; `@` may stand before the version, too. */
const REFERENCE = /^([0-9a-zA-Z-]{1,127})\/([0-9a-zA-Z-]{1,127})(?:[/@]([0-9a-zA-Z]{1,64}))?$/

/** Secrets of Azure Key Vault. A value is text as it was stored. */
export function keyVaultSecretManager(options: KeyVaultOptions): SecretManager {
  const { random, timeoutMs = LONGEST_WAIT_MS, attemptMs } = options
  const clients = new Map<string, SecretClient>()

  function clientOf(vault: string): SecretClient {
    const client = clients.get(vault) ?? openClient(vault, options)
    clients.set(vault, client)
    return client
  }

  return {
    async get(reference: string, call: { signal?: AbortSignal | undefined } = {}) {
      const [, vault = '', name, version] = REFERENCE.exec(reference) ?? []
      if (name === undefined) {
        throw secretNotFound(
          `${JSON.stringify(reference)} is not VAULT/SECRET or VAULT/SECRET/VERSION`,
        )
      }
      const signal = call.signal ?? AbortSignal.timeout(timeoutMs)
      const ask = (abortSignal: AbortSignal) =>
        clientOf(vault).getSecret(name, { ...(version && { version }), abortSignal })
      try {
        return (await retrying({ signal, random, attemptMs }, ask)).value ?? ''
      } catch (error) {
        throw translated(error, reference)
      }
    },
  }
}

function openClient(vault: string, { endpoint, credential, ca }: KeyVaultOptions): SecretClient {
  const { url, options } = keyVault(endpoint, vault)
  return new SecretClient(url, credential, { ...options, ...(ca && { tlsOptions: { ca } }) })
}

function translated(error: unknown, reference: string): Error {
  const { status, code, isDenied, cause } = azureFailure(error)
  if (status === 404) return secretNotFound(`there is no secret ${reference}`, { cause })
  if (code === 'SecretDisabled')
    return secretNotFound(`the secret ${reference} is disabled`, { cause })
  if (code === 'AnswerTooLong')
    return secretTooLarge(`the answer for the secret ${reference} is too long`, { cause })
  if (isDenied) return secretAccessDenied(`the secret ${reference} may not be read`, { cause })
  return secretManagerUnavailable(`the secret ${reference} cannot be read from Key Vault`, {
    cause,
  })
}
