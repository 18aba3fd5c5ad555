import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nothing, refused, type VaultQuestion, type VaultReply } from './answer.ts'
import { kvVersion1, kvVersion2 } from './kv.ts'
import { transit } from './transit.ts'

export interface VaultServerOptions {
  /** Those that exist beside the root. */
  namespaces?: string[]
}

/** A Vault in memory: `transit`, KV v2 at `secret`, KV v1 at `kv`, one token that may do all, `sys/health`. */
export interface VaultServer {
  readonly url: string
  readonly port: number
  readonly token: string
  /** How many requests have come, refused ones too. */
  readonly requests: number
  /** The token has no permission for anything any more. */
  refuse(): void
  /** The next so many requests are turned away, by default with 429. */
  throttle(calls: number, status?: 429 | 500 | 503): void
  mend(): void
  close(): Promise<void>
}

type Engine = (question: VaultQuestion) => VaultReply

const LONGEST_BODY_BYTES = 32 * 1024 * 1024 // as Vault's own limit

export async function vaultServer(options: VaultServerOptions = {}): Promise<VaultServer> {
  const token = `hvs.${randomBytes(18).toString('base64url')}`
  const namespaces = new Map(['', ...(options.namespaces ?? [])].map((name) => [name, engines()]))
  let requests = 0
  let permitted = true
  let throttled = { calls: 0, status: 429 }

  function replyTo(request: IncomingMessage, url: URL, body: string | undefined): VaultReply {
    requests++
    if (body === undefined) return refused(413, 'request body too large')
    if (throttled.calls > 0) {
      throttled.calls--
      return turnedAway(throttled.status)
    }
    if (url.pathname === '/v1/sys/health') return HEALTHY
    const refusal = refusalOf(request.headers['x-vault-token'], token, permitted)
    if (refusal) return refusal
    const namespace = String(request.headers['x-vault-namespace'] ?? '').replaceAll(/^\/|\/$/g, '')
    return routed(namespaces.get(namespace), request.method ?? '', url, body)
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    bodyOf(request).then(
      (body) => answer(response, replyTo(request, url, body)),
      () => response.destroy(), // the client hung up
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    token,
    get requests() {
      return requests
    },
    refuse() {
      permitted = false
    },
    throttle(calls, status = 429) {
      throttled = { calls, status }
    },
    mend() {
      permitted = true
      throttled = { calls: 0, status: 429 }
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function refusalOf(given: unknown, token: string, permitted: boolean): VaultReply | undefined {
  if (given === undefined) return refused(403, 'permission denied')
  if (given !== token)
    return refused(403, '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n')
  return permitted ? undefined : refused(403, '1 error occurred:\n\t* permission denied\n\n')
}

function engines(): Map<string, Engine> {
  return new Map([
    ['transit', transit()],
    ['secret', kvVersion2()],
    ['kv', kvVersion1()],
  ])
}

function routed(
  mounted: Map<string, Engine> | undefined,
  method: string,
  { pathname, searchParams }: URL,
  text: string,
): VaultReply {
  const [, version, mount = '', ...path] = pathname.split('/').map(decodeURIComponent)
  const engine = version === 'v1' ? mounted?.get(mount) : undefined
  if (!engine) return refused(404, `no handler for route "${mount}/". route entry not found.`)
  const body = parsed(text)
  if (!body) return refused(400, 'failed to parse JSON input: invalid character')
  if (!['GET', 'POST', 'PUT', 'DELETE'].includes(method))
    return refused(405, 'unsupported operation')
  return path.length > 0 ? engine({ method, path, query: searchParams, body }) : nothing
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return undefined
  }
}

function turnedAway(status: number): VaultReply {
  switch (status) {
    case 429:
      return {
        ...refused(429, 'request path "": rate limit quota exceeded'),
        headers: { 'retry-after': '1' },
      }
    case 503:
      return refused(503, 'Vault is sealed')
    default:
      return refused(500, 'internal error')
  }
}

const HEALTHY: VaultReply = {
  status: 200,
  body: { initialized: true, sealed: false, standby: false, performance_standby: false },
}

/** Undefined if it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request) {
    size += piece.length
    if (size > LONGEST_BODY_BYTES) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

function answer(response: ServerResponse, { status, body, headers = {} }: VaultReply): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(body === undefined ? undefined : `${JSON.stringify(body)}\n`)
}
