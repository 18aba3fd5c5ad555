import type { ObservabilityConfig } from './config.ts'
import { googleHeaders, TELEMETRY_API } from './google-cloud.ts'

/** Longest that one attempt to send may take, in milliseconds; the last one holds up the end of the service. */
const SEND_LIMIT_MS = 5_000

type Kind = 'metrics' | 'traces'

/** How exporters reach the collector for one kind of data. That of Google Cloud wants a token with each request. */
export function collector(config: ObservabilityConfig, kind: Kind) {
  const own = Object.fromEntries(config.otlpHeaders.map(nameAndValue))
  const isGoogle = config.exporter === 'STACKDRIVER'
  const { otlpEndpoint = isGoogle ? TELEMETRY_API : '' } = config
  const authorization = googleHeaders(config)
  return {
    url: `${otlpEndpoint.replace(/\/$/, '')}/v1/${kind}`,
    headers: isGoogle ? async () => ({ ...own, ...(await authorization()) }) : own,
    timeoutMillis: sendTimeoutMs(config),
  }
}

/** An attempt ends before the next is due. */
export function sendTimeoutMs({ metricsIntervalMs }: ObservabilityConfig): number {
  return Math.min(SEND_LIMIT_MS, metricsIntervalMs)
}

function nameAndValue(header: string): [string, string] {
  const at = header.indexOf('=')
  return [header.slice(0, at), decoded(header.slice(at + 1))]
}

/** OpenTelemetry has values percent-encoded; one that is not is meant as it is. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
