import { metrics } from '@opentelemetry/api'
import { DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'

class Reader extends MetricReader {
  protected override async onForceFlush() {}
  protected override async onShutdown() {}
}

/** What this process counts from now on. */
export interface RecordedCounts {
  /** The sum of a counter over the series that have these labels. */
  of(name: string, labels?: Record<string, string>): Promise<number>
  close(): void
}

/** Replaces what receives metrics, until closed. */
export function recordCounts(): RecordedCounts {
  const reader = new Reader()
  metrics.disable()
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
  return {
    async of(name, labels = {}) {
      const { resourceMetrics } = await reader.collect()
      const series = resourceMetrics.scopeMetrics
        .flatMap((scope) => scope.metrics)
        .filter((metric) => metric.dataPointType === DataPointType.SUM)
        .filter(({ descriptor }) => descriptor.name === name)
        .flatMap(({ dataPoints }) => dataPoints)
        .filter(({ attributes }) => Object.entries(labels).every(([k, v]) => attributes[k] === v))
      return series.reduce((sum, { value }) => sum + value, 0)
    },
    close: () => metrics.disable(),
  }
}
