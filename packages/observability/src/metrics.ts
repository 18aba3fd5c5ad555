import type { Resource } from '@opentelemetry/resources'
import type { IMetricReader, PushMetricExporter } from '@opentelemetry/sdk-metrics'
import { collector, sendTimeoutMs } from './collector.ts'
import type { ObservabilityConfig } from './config.ts'
import { metricsPortTaken } from './errors.ts'
import { withPrometheusNames } from './google-cloud.ts'
import { api, load } from './open-telemetry.ts'

/** Most time series in one request: as many as one write to Cloud Monitoring may hold. */
const MAX_SERIES = 200

/** Metrics by a meter provider alone, without the SDK, which would cost every service 100 ms of its start. */
export async function startMetrics(config: ObservabilityConfig, resource: Resource) {
  const { MeterProvider } = load('@opentelemetry/sdk-metrics')
  const reader = config.exporter === 'PROMETHEUS' ? await prometheus(config) : periodic(config)
  const provider = new MeterProvider({ resource, readers: [reader] })
  api.metrics.setGlobalMeterProvider(provider)
  return async () => {
    api.metrics.disable()
    await provider.shutdown()
  }
}

async function prometheus({
  metricsHost: host,
  metricsPort: port,
}: ObservabilityConfig): Promise<IMetricReader> {
  const { PrometheusExporter } = load('@opentelemetry/exporter-prometheus')
  const exporter = new PrometheusExporter({
    host,
    port,
    withoutScopeInfo: true,
    preventServerStart: true,
  })
  try {
    await exporter.startServer()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown'
    throw metricsPortTaken(
      `metrics cannot be served on port ${port} (${reason}); set METRICS_PORT to a free one`,
      { cause },
    )
  }
  return exporter
}

function periodic(config: ObservabilityConfig): IMetricReader {
  const { PeriodicExportingMetricReader } = load('@opentelemetry/sdk-metrics')
  return new PeriodicExportingMetricReader({
    exporter: otlp(config),
    exportIntervalMillis: config.metricsIntervalMs,
    exportTimeoutMillis: sendTimeoutMs(config),
    maxExportBatchSize: MAX_SERIES,
  })
}

function otlp(config: ObservabilityConfig): PushMetricExporter {
  const { OTLPMetricExporter } = load('@opentelemetry/exporter-metrics-otlp-http')
  const exporter = new OTLPMetricExporter(collector(config, 'metrics'))
  return config.exporter === 'STACKDRIVER' ? withPrometheusNames(exporter) : exporter
}
