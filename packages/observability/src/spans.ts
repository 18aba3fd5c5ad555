import { api } from './open-telemetry.ts'

const { trace, SpanKind, SpanStatusCode, TraceFlags } = api

let tracing = false

/** Whether spans are recorded in this process. */
export function isTracing(): boolean {
  return tracing
}

/** For whoever starts and stops tracing. */
export function setTracing(on: boolean): void {
  tracing = on
}

/** Links a log line with the trace it was written in, if that one is kept; with a project, as Google Cloud's log viewer wants it. */
export function fieldsOfSpan(projectId: string | undefined): Record<string, unknown> | undefined {
  const span = tracing ? trace.getActiveSpan()?.spanContext() : undefined
  if (span === undefined || (span.traceFlags & TraceFlags.SAMPLED) === 0) return undefined
  const { traceId, spanId } = span
  return {
    trace_id: traceId,
    span_id: spanId,
    ...(projectId !== undefined && {
      'logging.googleapis.com/trace': `projects/${projectId}/traces/${traceId}`,
      'logging.googleapis.com/spanId': spanId,
      'logging.googleapis.com/trace_sampled': true,
    }),
  }
}

// biome-ignore lint/suspicious/noExplicitAny: any method fits, whatever it takes
type Method = (...given: any[]) => Promise<unknown>

/**
 * Has each call of these methods stand in the trace as `<what>.<method>`, with how long it took and whether it failed; nothing
 * of what it was given or returned. Where nothing is traced this is the provider itself, so that it costs nothing.
 */
export function traceCalls<T extends object>(
  what: string,
  provider: T,
  methods: readonly (keyof T & string)[],
): T {
  if (!tracing) return provider
  return withMethods(
    provider,
    methods.map((name) => [name, inSpan(`${what}.${name}`, bound(provider, name) as Method)]),
  )
}

interface TraceableKeyManager {
  signer(id: string, options?: object): Promise<{ sign: Method }>
  encrypt: Method
  decrypt: Method
}

/** A key manager whose calls stand in the trace, those of its signers included. */
export function traceKeyManager<K extends TraceableKeyManager>(keyManager: K): K {
  if (!tracing) return keyManager
  const traced = traceCalls<K>('keys', keyManager, ['signer', 'encrypt', 'decrypt'])
  const signer = async (id: string, options?: object) =>
    traceCalls('keys', await traced.signer(id, options), ['sign'])
  return withMethods(traced, [['signer', signer]])
}

/** The provider, but for some methods. A stand-in, because a provider may be frozen, or have private members. */
function withMethods<T extends object>(
  provider: T,
  methods: readonly (readonly [string, Method])[],
): T {
  const replaced = new Map<string | symbol, unknown>(methods)
  return new Proxy(Object.create(Object.getPrototypeOf(provider)) as T, {
    get: (_, name) => replaced.get(name) ?? bound(provider, name as keyof T),
    has: (_, name) => name in provider,
  })
}

function bound<T extends object>(provider: T, name: keyof T): unknown {
  const member = provider[name]
  return typeof member === 'function' ? member.bind(provider) : member
}

function inSpan(name: string, method: Method): Method {
  const tracer = trace.getTracer('exposure-notifications')
  return (...given) =>
    tracer.startActiveSpan(name, { kind: SpanKind.CLIENT }, async (span) => {
      try {
        return await method(...given)
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR })
        span.setAttribute('error.type', codeOf(error))
        throw error
      } finally {
        span.end()
      }
    })
}

/** A code of ours, or the name of a class: never a text, which may quote what must stay secret. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
