import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** A span as OTLP writes it in JSON, as far as tests look at it. */
export interface ReceivedSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  attributes: { key: string }[]
}

interface Traces {
  resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[]
}

interface Received {
  path: string | undefined
  headers: IncomingHttpHeaders
  body: unknown
}

/** A collector that keeps what it is sent. */
export async function startCollector() {
  const received: Received[] = []
  const keep = async ({ url, headers }: IncomingMessage, body: Promise<unknown>) => {
    received.push({ path: url, headers, body: await body })
  }
  const server = createServer((request, reply) => {
    keep(request, json(request)).then(
      () => reply.setHeader('content-type', 'application/json').end('{}'),
      () => reply.destroy(),
    )
  })
  const { promise: listening, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await listening
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    /** The bodies that came to `/v1/metrics` or `/v1/traces`, as JSON. */
    bodies: (kind: 'metrics' | 'traces') =>
      received.filter(({ path }) => path === `/v1/${kind}`).map(({ body }) => body),
    spans: (): ReceivedSpan[] =>
      received
        .filter(({ path }) => path === '/v1/traces')
        .flatMap(({ body }) => (body as Traces).resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    headers: () => received.map(({ headers }) => headers),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
