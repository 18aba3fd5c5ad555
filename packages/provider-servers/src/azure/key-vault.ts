import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { certificate, certificateFile } from './certificates.ts'
import { type Call, Refusal, serve } from './http.ts'
import { startTokens, TENANT } from './tokens.ts'
import { openVault } from './vault.ts'

const RESOURCE = 'https://vault.azure.net'

/** A Key Vault in memory: keys and secrets with real cryptography, behind TLS and bearer tokens, as the SDKs insist. */
export interface KeyVaultServer {
  /** Answers for vaults of any name. */
  readonly url: string
  readonly port: number
  /** In PEM: who signed the server's certificate; and the file, for `NODE_EXTRA_CA_CERTS`. */
  readonly ca: string
  readonly caFile: string
  /** What a process with a managed identity finds in its environment. */
  readonly variables: { IDENTITY_ENDPOINT: string; IDENTITY_HEADER: string }
  /** In place of a credential of `@azure/identity`. */
  readonly credential: {
    getToken(scopes: string | string[]): Promise<{ token: string; expiresOnTimestamp: number }>
  }
  /** From now on the caller is known, but may do nothing; or everything again. */
  forbid(isForbidden: boolean): void
  /** The next calls are refused with that status. */
  throttle(status: 429 | 503, times: number): void
  /** The next keys and versions are made, and answered with 503. */
  breakAfterCreating(times: number): void
  close(): Promise<void>
}

export async function startKeyVault(): Promise<KeyVaultServer> {
  const tokens = await startTokens()
  const ca = await certificate('ca.pem')
  let isForbidden = false
  let breaking = 0
  let throttled: { status: 429 | 503; times: number } = { status: 429, times: 0 }

  const server = createServer({
    key: await certificate('server.key'),
    cert: await certificate('server.pem'),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `https://127.0.0.1:${port}`
  const vault = openVault(url)

  async function answer(call: Call): Promise<unknown> {
    if (throttled.times > 0) {
      throttled.times--
      throw tooBusy(throttled.status)
    }
    if (!tokens.isValid(call.headers.authorization, RESOURCE)) throw unauthorized()
    if (isForbidden) throw forbidden()
    const result = await vault.answer(call)
    if (breaking === 0 || !call.path.endsWith('/create')) return result
    breaking--
    throw tooBusy(503)
  }
  server.on('request', (request, response) => void serve(request, response, answer))

  return {
    url,
    port,
    ca,
    caFile: certificateFile('ca.pem'),
    variables: tokens.variables,
    credential: {
      getToken: async (scopes) => tokens.issue(String(scopes).replace(/\/\.default$/, '')),
    },
    forbid(now) {
      isForbidden = now
    },
    throttle(status, times) {
      throttled = { status, times }
    },
    breakAfterCreating(times) {
      breaking = times
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await Promise.all([once(server, 'close'), tokens.close()])
    },
  }
}

/** Where the caller can get a token, and for what. */
function unauthorized(): Refusal {
  const challenge = `Bearer authorization="https://login.microsoftonline.com/${TENANT}", resource="${RESOURCE}"`
  return new Refusal(401, 'Unauthorized', 'AKV10000: Request is missing a Bearer or PoP token.', {
    headers: { 'www-authenticate': challenge },
  })
}

function forbidden(): Refusal {
  return new Refusal(403, 'Forbidden', 'Caller is not authorized to perform action on resource.', {
    inner: 'ForbiddenByRbac',
  })
}

function tooBusy(status: 429 | 503): Refusal {
  if (status === 503) return new Refusal(status, 'ServiceUnavailable', 'The service is busy.')
  return new Refusal(
    status,
    'Throttled',
    'Request was not processed because too many requests were received.',
  )
}
