import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import { api } from './open-telemetry.ts'

/** What may be told of a request or a statement: nothing of who sent it, and no text that could quote it. */
const TOLD = new Set([
  'db.name',
  'db.namespace',
  'db.operation.name',
  'db.query.text',
  'db.statement',
  'db.system',
  'db.system.name',
  'error.type',
  'exception.type',
  'http.method',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'http.status_code',
  'url.scheme',
])

/** Where a call of ours went. Of a request that came in it is what the client wrote as `Host`. */
const TOLD_OF_CALLS = new Set(['server.address', 'server.port'])

/** An exporter that is given spans without addresses, user agents, URLs and the messages of exceptions. */
export function withoutPersonalData(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(stripped), done),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

function stripped(span: ReadableSpan): ReadableSpan {
  const isCall = span.kind === api.SpanKind.CLIENT
  const isTold = (name: string) => TOLD.has(name) || (isCall && TOLD_OF_CALLS.has(name))
  const overlay = {
    attributes: only(isTold, span.attributes),
    status: { code: span.status.code },
    events: span.events.map((event) => ({
      ...event,
      attributes: only(isTold, event.attributes ?? {}),
    })),
  }
  return new Proxy(span, {
    get: (target, name) => Reflect.get(name in overlay ? overlay : target, name),
  })
}

function only<T extends object>(isTold: (name: string) => boolean, attributes: T): T {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isTold(name))) as T
}
