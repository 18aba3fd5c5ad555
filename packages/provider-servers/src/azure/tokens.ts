import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Call, Refusal, serve } from './http.ts'

const LIFETIME_SECONDS = 3_600
export const TENANT = '00000000-0000-4000-8000-000000000000'

/** Hands out bearer tokens and knows them again: the managed identity of a service that runs on Azure. */
export interface Tokens {
  /** What the platform sets for a process. https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference */
  readonly variables: { IDENTITY_ENDPOINT: string; IDENTITY_HEADER: string }
  issue(resource: string): { token: string; expiresOnTimestamp: number }
  isValid(authorization: string | undefined, resource: string): boolean
  close(): Promise<void>
}

export async function startTokens(): Promise<Tokens> {
  const issued = new Map<string, string>()
  const secret = randomBytes(16).toString('hex')

  function issue(resource: string) {
    const expires = Math.floor(Date.now() / 1_000) + LIFETIME_SECONDS
    const token = jwt(resource, expires)
    issued.set(token, resource)
    return { token, expiresOnTimestamp: expires * 1_000 }
  }

  async function answer({ headers, query }: Call): Promise<unknown> {
    if (headers['x-identity-header'] !== secret)
      throw new Refusal(401, 'Unauthorized', 'The identity header is not that of the process.')
    const resource = query.get('resource')
    if (resource === null) throw new Refusal(400, 'BadRequest', 'No resource is asked for.')
    const { token, expiresOnTimestamp } = issue(resource)
    return {
      access_token: token,
      expires_on: String(Math.floor(expiresOnTimestamp / 1_000)),
      resource,
      token_type: 'Bearer',
    }
  }

  const server = createServer((request, response) => void serve(request, response, answer))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    variables: { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/token`, IDENTITY_HEADER: secret },
    issue,
    isValid(authorization = '', resource) {
      const [scheme, token = ''] = authorization.split(' ')
      return scheme === 'Bearer' && issued.get(token) === resource
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** As Entra ID makes them, but for the signature: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
function jwt(resource: string, expires: number): string {
  const issuer = `https://sts.windows.net/${TENANT}/`
  const times = { iat: expires - LIFETIME_SECONDS, nbf: expires - LIFETIME_SECONDS, exp: expires }
  const claims = { aud: resource, iss: issuer, tid: TENANT, ver: '1.0', ...times }
  const parts = [{ typ: 'JWT', alg: 'RS256' }, claims].map((part) => JSON.stringify(part))
  const signature = randomBytes(32)
  return [...parts, signature].map((part) => Buffer.from(part).toString('base64url')).join('.')
}
