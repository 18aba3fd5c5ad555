import type { TextMapPropagator } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { Sampler } from '@opentelemetry/sdk-trace'
import { collector } from './collector.ts'
import type { ObservabilityConfig } from './config.ts'
import { api, load } from './open-telemetry.ts'
import { withoutPersonalData } from './private-spans.ts'
import { setTracing } from './spans.ts'

const PROBES = /^\/(health|livez|readyz)$/

export interface TracingOptions {
  resource: Resource
  /** Whether a request goes on with the trace that its caller names; only where nobody but our own scheduler calls. */
  takesOverTraces: boolean
}

/**
 * Traces a share of the requests, with their statements, over OTLP/HTTP. The instrumentation doubles the CPU time of a small
 * request, so this is loaded only where traces are chosen, and before fastify and pg.
 */
export function startTracing(config: ObservabilityConfig, options: TracingOptions) {
  const { resource, takesOverTraces } = options
  const { TracerProvider, BatchSpanProcessor } = load('@opentelemetry/sdk-trace')
  const { OTLPTraceExporter } = load('@opentelemetry/exporter-trace-otlp-http')
  const { AsyncLocalStorageContextManager } = load('@opentelemetry/context-async-hooks')
  const exporter = new OTLPTraceExporter(collector(config, 'traces'))
  const provider = new TracerProvider({
    resource,
    sampler: sampler(config),
    spanProcessors: [new BatchSpanProcessor({ exporter: withoutPersonalData(exporter) })],
  })
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  api.trace.setGlobalTracerProvider(provider)
  // Without one a trace begins here: what the public sends as its own must not decide what is kept.
  if (takesOverTraces) api.propagation.setGlobalPropagator(incomingOnly())
  instrument()
  setTracing(true)
  return async () => {
    setTracing(false)
    await provider.shutdown()
  }
}

/** A caller may have a trace kept, but not keep one from being kept: some platforms send a context that is not sampled. */
function sampler({ traceProbability }: ObservabilityConfig): Sampler {
  const { ParentBasedSampler, TraceIdRatioBasedSampler } = load('@opentelemetry/sdk-trace')
  const root = new TraceIdRatioBasedSampler(traceProbability)
  return new ParentBasedSampler({ root, remoteParentNotSampled: root })
}

/** Reads `traceparent` (W3C Trace Context) and sends none: no store or authority need know our traces. */
function incomingOnly(): TextMapPropagator {
  const { W3CTraceContextPropagator } = load('@opentelemetry/core')
  const standard = new W3CTraceContextPropagator()
  return {
    extract: (context, carrier, getter) => standard.extract(context, carrier, getter),
    inject: () => {},
    fields: () => [],
  }
}

function instrument(): void {
  const { registerInstrumentations } = load('@opentelemetry/instrumentation')
  const { HttpInstrumentation } = load('@opentelemetry/instrumentation-http')
  const { PgInstrumentation } = load('@opentelemetry/instrumentation-pg')
  registerInstrumentations({
    // Only our own metrics are sent, so that there are the same ones whether something is traced or not.
    meterProvider: { getMeter: () => api.createNoopMeter() },
    instrumentations: [
      new HttpInstrumentation({ ignoreIncomingRequestHook: ({ url = '' }) => PROBES.test(url) }),
      new PgInstrumentation({ requireParentSpan: true }),
    ],
  })
}
