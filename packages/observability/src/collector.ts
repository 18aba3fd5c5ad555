import type { ObservabilityConfig } from './config.ts'

/** How long one attempt to send may take, in milliseconds. */
const SEND_TIMEOUT_MS = 5_000

/** How exporters reach the collector for one kind of data, `metrics` or `traces`. */
export function collector(
  { otlpEndpoint = '', otlpHeaders }: Pick<ObservabilityConfig, 'otlpEndpoint' | 'otlpHeaders'>,
  kind: 'metrics' | 'traces',
) {
  return {
    url: `${otlpEndpoint.replace(/\/$/, '')}/v1/${kind}`,
    headers: Object.fromEntries(otlpHeaders.map(nameAndValue)),
    timeoutMillis: SEND_TIMEOUT_MS,
  }
}

function nameAndValue(header: string): [string, string] {
  const at = header.indexOf('=')
  return [header.slice(0, at), header.slice(at + 1)]
}
