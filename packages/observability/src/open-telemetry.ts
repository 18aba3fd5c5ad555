import { createRequire } from 'node:module'

interface Modules {
  '@opentelemetry/api': typeof import('@opentelemetry/api')
  '@opentelemetry/context-async-hooks': typeof import('@opentelemetry/context-async-hooks')
  '@opentelemetry/core': typeof import('@opentelemetry/core')
  '@opentelemetry/exporter-metrics-otlp-http': typeof import('@opentelemetry/exporter-metrics-otlp-http')
  '@opentelemetry/exporter-prometheus': typeof import('@opentelemetry/exporter-prometheus')
  '@opentelemetry/exporter-trace-otlp-http': typeof import('@opentelemetry/exporter-trace-otlp-http')
  '@opentelemetry/instrumentation': typeof import('@opentelemetry/instrumentation')
  '@opentelemetry/instrumentation-http': typeof import('@opentelemetry/instrumentation-http')
  '@opentelemetry/instrumentation-pg': typeof import('@opentelemetry/instrumentation-pg')
  '@opentelemetry/resources': typeof import('@opentelemetry/resources')
  '@opentelemetry/sdk-metrics': typeof import('@opentelemetry/sdk-metrics')
  '@opentelemetry/sdk-trace': typeof import('@opentelemetry/sdk-trace')
}

const require = createRequire(import.meta.url)

/**
 * Loads a module of OpenTelemetry as CommonJS, all of them the same way so that none is in memory twice. As ES modules some import
 * names of `http`, which makes Node load the WebSocket of that module and with it a whole HTTP client: 15 MB in every service.
 */
export function load<Name extends keyof Modules>(name: Name): Modules[Name] {
  return require(name) as Modules[Name]
}

export const api = load('@opentelemetry/api')
