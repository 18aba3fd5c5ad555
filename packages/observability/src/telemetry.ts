import { metrics } from '@opentelemetry/api'
import type { ObservabilityConfig } from './config.ts'
import { metricsPortTaken } from './errors.ts'

export interface Telemetry {
  /** Sends what is left, within a few seconds, and stops. */
  shutdown(): Promise<void>
}

/**
 * Starts what the settings choose; only that is loaded. Must run before fastify and pg are imported, which tracing instruments.
 */
export async function startTelemetry(
  config: ObservabilityConfig,
  service: string,
): Promise<Telemetry> {
  switch (config.exporter) {
    case 'NOOP':
      return { shutdown: async () => {} }
    case 'PROMETHEUS':
      return startPrometheus(config, service)
    case 'OTLP':
    case 'OCAGENT': {
      const { startOtlp } = await import('./otlp.ts')
      return startOtlp(config, service)
    }
  }
}

/** Metrics by a meter provider alone: the whole SDK would cost a service 100 ms of its start and twice the CPU per request. */
async function startPrometheus(
  { metricsHost: host, metricsPort: port }: ObservabilityConfig,
  service: string,
): Promise<Telemetry> {
  const [{ PrometheusExporter }, { MeterProvider }, { resourceFromAttributes }] = await Promise.all(
    [
      import('@opentelemetry/exporter-prometheus'),
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/resources'),
    ],
  )
  const exporter = new PrometheusExporter({ host, port, preventServerStart: true })
  try {
    await exporter.startServer()
  } catch (cause) {
    throw metricsPortTaken(
      `metrics cannot be served on port ${port}; set METRICS_PORT to a free one`,
      {
        cause,
      },
    )
  }
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    readers: [exporter],
  })
  metrics.setGlobalMeterProvider(provider)
  return {
    async shutdown() {
      metrics.disable()
      await provider.shutdown()
    },
  }
}
