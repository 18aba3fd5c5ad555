import type { ObservabilityConfig } from './config.ts'

/** Longest that one attempt to send may take, in milliseconds; the last one holds up the end of the service. */
const SEND_LIMIT_MS = 5_000

/** How exporters reach the collector for one kind of data, `metrics` or `traces`. */
export function collector(config: ObservabilityConfig, kind: 'metrics' | 'traces') {
  const { otlpEndpoint = '', otlpHeaders } = config
  return {
    url: `${otlpEndpoint.replace(/\/$/, '')}/v1/${kind}`,
    headers: Object.fromEntries(otlpHeaders.map(nameAndValue)),
    timeoutMillis: sendTimeoutMs(config),
  }
}

/** An attempt ends before the next is due. */
export function sendTimeoutMs({ metricsIntervalMs }: ObservabilityConfig): number {
  return Math.min(SEND_LIMIT_MS, metricsIntervalMs)
}

function nameAndValue(header: string): [string, string] {
  const at = header.indexOf('=')
  return [header.slice(0, at), header.slice(at + 1)]
}
