import { DiagLogLevel, diag } from '@opentelemetry/api'
import type { ObservabilityConfig } from './config.ts'
import type { Logger } from './logger.ts'

export interface Telemetry {
  /** Sends what is left, within a few seconds, and stops. Never throws: a collector out of reach is no reason to fail. */
  shutdown(): Promise<void>
}

type Stop = () => Promise<void>

/** Longest that telemetry holds up the end of a service, in milliseconds. */
const SHUTDOWN_LIMIT_MS = 5_000

/**
 * Starts what the settings choose; only that is loaded. Must run before fastify and pg are imported, which tracing instruments.
 * What cannot be sent later is logged, and no service fails for it.
 */
export async function startTelemetry(
  config: ObservabilityConfig,
  service: string,
  logger?: Logger,
): Promise<Telemetry> {
  if (config.exporter === 'NOOP') return { shutdown: async () => {} }
  if (logger) logFailures(logger)
  const stop = await startAll(config, service)
  return {
    async shutdown() {
      await within(SHUTDOWN_LIMIT_MS, Promise.allSettled(stop.map((one) => one())))
      diag.disable()
    },
  }
}

async function startAll(config: ObservabilityConfig, service: string): Promise<Stop[]> {
  const [{ resourceFromAttributes }, { startMetrics }] = await Promise.all([
    import('@opentelemetry/resources'),
    import('./metrics.ts'),
  ])
  const resource = resourceFromAttributes({ 'service.name': service })
  const stopMetrics = await startMetrics(config, resource)
  if (config.exporter === 'PROMETHEUS' || config.traceProbability === 0) return [stopMetrics]
  const { startTracing } = await import('./tracing.ts')
  return [stopMetrics, startTracing(config, resource)]
}

/** The words are those that alerts of the reference server's operators look for. */
function logFailures(logger: Logger): void {
  const log = (reason: string) => logger.warn({ reason }, 'failed to export metric')
  const ignore = () => {}
  diag.setLogger(
    { error: log, warn: log, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
}

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, limitMs)
  await Promise.race([work, late])
  clearTimeout(timer)
}
