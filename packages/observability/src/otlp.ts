import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { NodeSDK } from '@opentelemetry/sdk-node'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import type { ObservabilityConfig } from './config.ts'
import { withoutPersonalData } from './private-spans.ts'
import type { Telemetry } from './telemetry.ts'

const PROBES = /^\/(health|livez|readyz)$/

/** Sends metrics every minute and sampled traces of HTTP requests and statements, over OTLP/HTTP. */
export async function startOtlp(
  { otlpEndpoint, traceProbability }: ObservabilityConfig,
  service: string,
): Promise<Telemetry> {
  const endpoint = otlpEndpoint.replace(/\/$/, '')
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({ 'service.name': service }),
    // Detectors would report process arguments and the host's name.
    autoDetectResources: false,
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(traceProbability) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: withoutPersonalData(
          new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: 5000 }),
        ),
      }),
    ],
    metricReaders: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${endpoint}/v1/metrics`, timeoutMillis: 5000 }),
      }),
    ],
    logRecordProcessors: [],
    instrumentations: [
      new HttpInstrumentation({ ignoreIncomingRequestHook: ({ url = '' }) => PROBES.test(url) }),
      new PgInstrumentation({ requireParentSpan: true }),
    ],
  })
  sdk.start()
  return { shutdown: () => sdk.shutdown() }
}
