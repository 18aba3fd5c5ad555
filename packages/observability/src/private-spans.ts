import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'

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
  'server.address',
  'server.port',
  'url.scheme',
])

/** An exporter that is given spans without addresses, user agents, URLs and the messages of exceptions. */
export function withoutPersonalData(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(stripped), done),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

function stripped(span: ReadableSpan): ReadableSpan {
  const overlay = {
    attributes: told(span.attributes),
    status: { code: span.status.code },
    events: span.events.map((event) => ({ ...event, attributes: told(event.attributes ?? {}) })),
  }
  return new Proxy(span, {
    get: (target, name) => Reflect.get(name in overlay ? overlay : target, name),
  })
}

function told<T extends object>(attributes: T): T {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => TOLD.has(name))) as T
}
