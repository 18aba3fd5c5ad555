import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import type { Resource } from '@opentelemetry/resources'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace'
import { collector } from './collector.ts'
import type { ObservabilityConfig } from './config.ts'
import { withoutPersonalData } from './private-spans.ts'

const PROBES = /^\/(health|livez|readyz)$/

/**
 * Traces a share of the requests, with their statements, over OTLP/HTTP. Loads the whole SDK, which doubles the CPU time of a
 * small request, so it is imported only where traces are chosen, and before fastify and pg.
 */
export function startTracing(config: ObservabilityConfig, resource: Resource) {
  const exporter = new OTLPTraceExporter(collector(config, 'traces'))
  const sdk = new NodeSDK({
    resource,
    // Detectors would report process arguments and the host's name.
    autoDetectResources: false,
    // A trace begins here: what a caller sends as its own must not decide what is kept.
    textMapPropagator: null,
    sampler: new TraceIdRatioBasedSampler(config.traceProbability),
    spanProcessors: [new BatchSpanProcessor({ exporter: withoutPersonalData(exporter) })],
    // Left out, these two would send to 127.0.0.1:4318 by themselves.
    logRecordProcessors: [],
    metricReaders: [],
    instrumentations: [
      new HttpInstrumentation({ ignoreIncomingRequestHook: ({ url = '' }) => PROBES.test(url) }),
      new PgInstrumentation({ requireParentSpan: true }),
    ],
  })
  sdk.start()
  return () => sdk.shutdown()
}
