import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface Cdn {
  readonly url: string
  close(): Promise<void>
}

/** What is sent under one path. */
interface Served {
  contents: Buffer
  headers: Readonly<Record<string, string>>
}

/** By their paths, what is served beside the buckets. */
export type Pages = ReadonlyMap<string, Served>

/** Finds the object of a bucket: the path's segments, none of which could lead elsewhere. Undefined if there is none. */
export type Origin = (segments: readonly string[]) => Promise<Served | undefined>

/**
 * Serves a blob store as a CDN serves a bucket: archives and indexes under `/<bucket>/<name>`, with the headers that phones
 * and caches rely on, and the pages. Everything else, unfinished files included, is not there.
 */
export async function startCdn(
  origin: Origin,
  port: number,
  pages: Pages = new Map(),
): Promise<Cdn> {
  const server = createServer((request, response) => {
    reply(origin, pages, request, response).catch(() => {
      // The origin failed in the middle; the client sees a cut connection and comes again.
      response.destroy()
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const boundPort = typeof address === 'object' && address ? address.port : port
  return {
    url: `http://127.0.0.1:${boundPort}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function reply(
  origin: Origin,
  pages: Pages,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
    return
  }
  const url = request.url ?? '/'
  const found = pages.get(pathOf(url)) ?? (await find(origin, url))
  if (!found) {
    response.writeHead(404, { 'content-type': 'text/plain', 'cache-control': 'no-cache' })
    response.end('not found\n')
    return
  }
  send(found, request, response)
}

function send(
  { contents, headers: own }: Served,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const etag = `"${createHash('sha256').update(contents).digest('base64url')}"`
  const headers = { ...own, etag, 'x-content-type-options': 'nosniff' }
  if (matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end()
    return
  }
  response.writeHead(200, { ...headers, 'content-length': contents.length })
  response.end(request.method === 'HEAD' ? undefined : contents)
}

function matches(header: string | undefined, etag: string): boolean {
  const known = (header ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
  return known.includes('*') || known.includes(etag)
}

async function find(origin: Origin, url: string): Promise<Served | undefined> {
  const segments = segmentsOf(url)
  const name = segments?.at(-1) ?? ''
  const isPublished = name === 'index.txt' || name.endsWith('.zip')
  return segments && segments.length >= 2 && isPublished ? origin(segments) : undefined
}

const pathOf = (url: string) => url.split(/[?#]/, 1).join('')

/** The path's parts, or undefined if one of them could lead elsewhere or names a hidden (unfinished) file. */
function segmentsOf(url: string): string[] | undefined {
  try {
    const segments = pathOf(url).split('/').filter(Boolean).map(decodeURIComponent)
    return segments.every((segment) => /^[^./\\\0][^/\\\0]*$/.test(segment)) ? segments : undefined
  } catch {
    return undefined // not percent encoding
  }
}
