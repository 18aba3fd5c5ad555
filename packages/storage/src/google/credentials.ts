import { resetIsAvailableCache } from 'gcp-metadata'
import { GoogleAuth } from 'google-auth-library'
import { ApiFailure, CredentialsFailure } from './api-failure.ts'
import { currentSignal, withoutLimits } from './requests.ts'

const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write'

/** The credentials of the machine, found as Google's libraries do. */
export function machineCredentials(): GoogleAuth {
  return new GoogleAuth({ scopes: SCOPE })
}

/**
 * Credentials for a client that lives as long as the process: when they fail, are refused, or keep a request waiting, they
 * are looked for anew. Google's library remembers for good that it has found none, a metadata server that was slow once among
 * them. What fails holds nothing of the library's words, and nothing is sent without a token.
 */
export class RenewedCredentials extends GoogleAuth {
  readonly #open: () => GoogleAuth
  #current: GoogleAuth

  constructor(open: () => GoogleAuth) {
    super()
    this.#open = open
    this.#current = open()
  }

  get current(): GoogleAuth {
    return this.#current
  }

  /** From now on others are used, unless that has happened since. */
  renew(used: GoogleAuth): void {
    if (used !== this.#current) return
    resetIsAvailableCache()
    this.#current = this.#open()
  }

  override async authorizeRequest(
    ...request: Parameters<GoogleAuth['authorizeRequest']>
  ): ReturnType<GoogleAuth['authorizeRequest']> {
    const used = this.#current
    const signal = currentSignal()
    const renew = () => this.renew(used)
    signal?.addEventListener('abort', renew, { once: true })
    try {
      const authorized = await withoutLimits(() => used.authorizeRequest(...request))
      signal?.throwIfAborted() // nothing is sent for a caller who has left
      return authorized
    } catch (error) {
      renew()
      throw failureOf(error)
    } finally {
      signal?.removeEventListener('abort', renew)
    }
  }
}

/** Only a token service that answers, and gives none, refuses. */
function failureOf(error: unknown): Error {
  const { config, response, code, name } = error as {
    config?: unknown
    response?: { status?: number }
    code?: unknown
    name?: unknown
  }
  if (!config) return new CredentialsFailure('there are no usable Google credentials')
  const status = response?.status
  if (status !== undefined && status < 500) {
    return new CredentialsFailure(`the token service refuses the Google credentials (${status})`)
  }
  return new ApiFailure(`the token service did not answer (${String(status ?? code ?? name)})`)
}
