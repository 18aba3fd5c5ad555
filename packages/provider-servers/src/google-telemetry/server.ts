import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  asObject,
  type Metric,
  type MetricsRequest,
  pointsOf,
  type Span,
  type TraceRequest,
} from './otlp.ts'
import { metricProblems, spanProblems } from './refusals.ts'
import { accessTokens, type Tokens } from './tokens.ts'

export interface ReceivedMetric extends Metric {
  resource: Record<string, unknown>
  /** The labels of each point. */
  labels: Record<string, unknown>[]
}

export interface ReceivedSpan extends Omit<Span, 'attributes'> {
  resource: Record<string, unknown>
  attributes: Record<string, unknown>
}

export interface GoogleTelemetry {
  readonly port: number
  /** Instead of `https://telemetry.googleapis.com`. */
  readonly endpoint: string
  /** For `GCE_METADATA_HOST`. */
  readonly metadataHost: string
  /** From now on the machine has no service account. */
  refuseTokens(): void
  metrics(): ReceivedMetric[]
  spans(): ReceivedSpan[]
  /** Why requests were refused. */
  refusals(): string[]
  /** How many tokens were given out. */
  tokens(): number
  close(): Promise<void>
}

interface State {
  project: string
  tokens: Tokens
  metrics: ReceivedMetric[]
  spans: ReceivedSpan[]
  refusals: string[]
  tokensGiven: number
  refusesTokens: boolean
}

const METADATA = '/computeMetadata/v1'

/** Largest request that is read. */
const MAX_BYTES = 4 << 20

interface Answer {
  status: number
  /** An object is sent as JSON. */
  body: object | string
}

/**
 * The Telemetry API of Google Cloud (OTLP/HTTP in JSON, for metrics and traces), and the metadata server of a machine there, which
 * gives out tokens. It refuses what the real one is documented to refuse, and keeps the rest for a test to look at. HTTP on the
 * loopback.
 */
export async function startGoogleTelemetry(project = 'health'): Promise<GoogleTelemetry> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}`
  const state: State = {
    project,
    tokens: accessTokens(),
    metrics: [],
    spans: [],
    refusals: [],
    tokensGiven: 0,
    refusesTokens: false,
  }
  server.on('request', (request, reply) => {
    answer(state, request).then(
      (given) => send(reply, given),
      () => reply.destroy(),
    )
  })
  return {
    port,
    endpoint,
    metadataHost: `127.0.0.1:${port}`,
    refuseTokens: () => {
      state.refusesTokens = true
    },
    metrics: () => state.metrics,
    spans: () => state.spans,
    refusals: () => state.refusals,
    tokens: () => state.tokensGiven,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function answer(state: State, request: IncomingMessage): Promise<Answer> {
  if (Number(request.headers['content-length']) > MAX_BYTES)
    return refuse(state, 413, 'too much at once')
  const body = await text(request)
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://metadata')
  if (pathname.startsWith(METADATA)) return machine(state, request, pathname, searchParams)
  switch (`${request.method ?? ''} ${pathname}`) {
    case 'POST /v1/metrics':
      return permitted(state, request, 'monitoring.write') ?? takeMetrics(state, JSON.parse(body))
    case 'POST /v1/traces':
      return permitted(state, request, 'trace.append') ?? takeSpans(state, JSON.parse(body))
    default:
      return refuse(state, 404, `there is no ${pathname}`)
  }
}

/** https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys */
function machine(
  state: State,
  { headers }: IncomingMessage,
  path: string,
  query: URLSearchParams,
): Answer {
  if (headers['metadata-flavor'] !== 'Google') return refuse(state, 403, 'no Metadata-Flavor')
  switch (path.slice(METADATA.length).replace(/\/$/, '')) {
    case '/instance':
      return { status: 200, body: ['region', 'service-accounts/'] }
    case '/instance/region':
      return { status: 200, body: 'projects/1/regions/europe-west1' }
    case '/universe/universe-domain':
      return { status: 200, body: 'googleapis.com' }
    case '/instance/service-accounts/default/token':
      return giveToken(state, query.get('scopes') ?? '')
    default:
      return { status: 404, body: 'not found' }
  }
}

function giveToken(state: State, scopes: string): Answer {
  if (state.refusesTokens) return { status: 404, body: 'no service account' }
  state.tokensGiven++
  const access_token = state.tokens.give(scopes.split(','))
  return { status: 200, body: { access_token, expires_in: 3599, token_type: 'Bearer' } }
}

/** Undefined if the caller may. */
function permitted(state: State, { headers }: IncomingMessage, scope: string): Answer | undefined {
  const full = `https://www.googleapis.com/auth/${scope}`
  if (!state.tokens.permits(headers.authorization, full)) return refuse(state, 401, 'no token')
  if (headers['content-type'] !== 'application/json') return refuse(state, 415, 'not JSON')
  return undefined
}

function takeMetrics(state: State, request: MetricsRequest): Answer {
  const problems = metricProblems(state.project, request)
  if (problems.length > 0) return refuse(state, 400, problems.join('; '))
  for (const { resource, scopeMetrics } of request.resourceMetrics)
    for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
      const labels = pointsOf(metric).dataPoints.map(({ attributes }) => asObject(attributes))
      state.metrics.push({ ...metric, labels, resource: asObject(resource.attributes) })
    }
  return { status: 200, body: {} }
}

function takeSpans(state: State, request: TraceRequest): Answer {
  const problems = spanProblems(state.project, request)
  if (problems.length > 0) return refuse(state, 400, problems.join('; '))
  for (const { resource, scopeSpans } of request.resourceSpans)
    for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
      const attributes = asObject(span.attributes)
      state.spans.push({ ...span, attributes, resource: asObject(resource.attributes) })
    }
  return { status: 200, body: {} }
}

/** A `google.rpc.Status` as JSON. */
function refuse(state: State, status: number, message: string): Answer {
  state.refusals.push(message)
  return { status, body: { code: status === 401 ? 16 : 3, message } }
}

function send(reply: ServerResponse, { status, body }: Answer): void {
  const isText = typeof body === 'string'
  reply
    .writeHead(status, {
      'content-type': isText ? 'application/text' : 'application/json',
      'metadata-flavor': 'Google',
    })
    .end(isText ? body : JSON.stringify(body))
}
