import { metrics } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import { type IMetricReader, MeterProvider } from '@opentelemetry/sdk-metrics'
import { collector, sendTimeoutMs } from './collector.ts'
import type { ObservabilityConfig } from './config.ts'
import { metricsPortTaken } from './errors.ts'

/** Metrics by a meter provider alone, without the SDK, which would cost every service 100 ms of its start. */
export async function startMetrics(config: ObservabilityConfig, resource: Resource) {
  const reader = await (config.exporter === 'PROMETHEUS' ? prometheus(config) : otlp(config))
  const provider = new MeterProvider({ resource, readers: [reader] })
  metrics.setGlobalMeterProvider(provider)
  return async () => {
    metrics.disable()
    await provider.shutdown()
  }
}

async function prometheus({
  metricsHost: host,
  metricsPort: port,
}: ObservabilityConfig): Promise<IMetricReader> {
  const { PrometheusExporter } = await import('@opentelemetry/exporter-prometheus')
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

async function otlp(config: ObservabilityConfig): Promise<IMetricReader> {
  const [{ OTLPMetricExporter }, { PeriodicExportingMetricReader }] = await Promise.all([
    import('@opentelemetry/exporter-metrics-otlp-http'),
    import('@opentelemetry/sdk-metrics'),
  ])
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(collector(config, 'metrics')),
    exportIntervalMillis: config.metricsIntervalMs,
    exportTimeoutMillis: sendTimeoutMs(config),
  })
}
