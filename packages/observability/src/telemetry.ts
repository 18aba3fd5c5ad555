import { randomUUID } from 'node:crypto'
import type { ObservabilityConfig } from './config.ts'
import type { Logger } from './logger.ts'
import { api } from './open-telemetry.ts'

export interface Telemetry {
  /** Sends what is left, within a few seconds, and stops. Never throws: a collector out of reach is no reason to fail. */
  shutdown(): Promise<void>
}

export interface TelemetryOptions {
  /** Told what cannot be sent. */
  logger?: Logger
  /** Whether a request goes on with the trace that its caller names (W3C `traceparent`): where the public does not call. */
  takesOverTraces?: boolean
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
  options: TelemetryOptions = {},
): Promise<Telemetry> {
  if (config.exporter === 'NOOP') return { shutdown: async () => {} }
  if (options.logger) logFailures(options.logger)
  const stop = await startAll(config, service, options)
  return {
    async shutdown() {
      await within(SHUTDOWN_LIMIT_MS, Promise.allSettled(stop.map((one) => one())))
      api.diag.disable()
    },
  }
}

async function startAll(
  config: ObservabilityConfig,
  service: string,
  { takesOverTraces = false }: TelemetryOptions,
): Promise<Stop[]> {
  const [resource, { startMetrics }] = await Promise.all([
    resourceOf(config, service),
    import('./metrics.ts'),
  ])
  const stopMetrics = await startMetrics(config, resource)
  if (config.exporter === 'PROMETHEUS' || config.traceProbability === 0) return [stopMetrics]
  const { startTracing } = await import('./tracing.ts')
  return [stopMetrics, startTracing(config, { resource, takesOverTraces })]
}

/** Which process it is. Detectors of the machine would report arguments of the process and names of people. */
async function resourceOf(config: ObservabilityConfig, service: string) {
  const { load } = await import('./open-telemetry.ts')
  const { resourceFromAttributes } = load('@opentelemetry/resources')
  if (config.exporter === 'PROMETHEUS') return resourceFromAttributes({ 'service.name': service })
  const own = { 'service.name': service, 'service.instance.id': randomUUID() }
  if (config.exporter !== 'STACKDRIVER') return resourceFromAttributes(own)
  const { googleResource } = await import('./google-cloud.ts')
  return googleResource(config, own)
}

/** The words are those that alerts of the reference server's operators look for. */
function logFailures(logger: Logger): void {
  const { DiagLogLevel, diag } = api
  const log = (reason: string) =>
    logger.warn({ reason: briefly(reason) }, 'failed to export metric')
  const ignore = () => {}
  diag.setLogger(
    { error: log, warn: log, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
}

/** Exporters report an error as JSON, with its stack and what the collector answered, which may quote what it was sent. */
function briefly(reason: string): string {
  try {
    const { message, code } = JSON.parse(reason)
    return [message, code].filter(Boolean).join(' ')
  } catch {
    return reason
  }
}

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, limitMs)
  await Promise.race([work, late])
  clearTimeout(timer)
}
