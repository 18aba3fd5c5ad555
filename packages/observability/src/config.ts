import {
  duration,
  env,
  integer,
  list,
  optionalText,
  ratio,
  text,
  wordIgnoringCase,
} from '@ens/config'
import { z } from 'zod'

const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY'] as const

/** Most often that Cloud Monitoring takes a point of a time series is every 5 s; the reference server allows 10 s. */
const GOOGLE_INTERVAL_MS = 10_000

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

const settings = z.object({
  exporter: env(
    'OBSERVABILITY_EXPORTER',
    wordIgnoringCase(['NOOP', 'PROMETHEUS', 'OTLP', 'OCAGENT', 'STACKDRIVER'], 'NOOP'),
    'Where metrics and traces go. PROMETHEUS serves metrics on METRICS_PORT; OTLP sends metrics and traces; OCAGENT is an old name of OTLP; STACKDRIVER sends them to Google Cloud Monitoring and Trace.',
  ),
  metricsPort: env(
    'METRICS_PORT',
    integer({ min: 0, max: 65_535, fallback: 0 }),
    'Port of `/metrics`; PROMETHEUS needs one.',
  ),
  metricsHost: env('METRICS_HOST', text('0.0.0.0'), 'Address on which `/metrics` is served.'),
  otlpEndpoint: env(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    optionalText(),
    'URL of the OTLP/HTTP collector, such as `http://collector:4318`; OTLP needs one. STACKDRIVER uses `https://telemetry.googleapis.com` unless another is set.',
  ),
  otlpHeaders: env(
    'OTEL_EXPORTER_OTLP_HEADERS',
    list(''),
    'Headers for the collector, each written as `name=value`.',
    { secret: true },
  ),
  metricsIntervalMs: env(
    'METRICS_EXPORT_INTERVAL',
    duration('60s').refine((ms) => ms >= 1000, 'less than 1s'),
    'How often OTLP and STACKDRIVER send metrics; STACKDRIVER at most every 10s.',
    { fallback: 'STACKDRIVER_REPORTING_INTERVAL' },
  ),
  traceProbability: env(
    'TRACE_PROBABILITY',
    ratio('0.40'),
    'Share of requests that OTLP and STACKDRIVER trace; with 0 nothing of tracing is loaded.',
  ),
  logLevel: env('LOG_LEVEL', wordIgnoringCase(LEVELS, 'INFO'), 'Lesser log lines are left out.'),
  logMode: env(
    'LOG_MODE',
    wordIgnoringCase(['AUTO', 'PRODUCTION', 'DEVELOPMENT'], 'AUTO'),
    'PRODUCTION logs JSON, DEVELOPMENT text for people, AUTO text on a terminal only.',
  ),
  projectId: env(
    'PROJECT_ID',
    optionalText(),
    'The Google Cloud project, to link log lines with its traces; STACKDRIVER needs one.',
    { fallback: 'GOOGLE_CLOUD_PROJECT' },
  ),
})

/** Logs, metrics and traces. */
export const observabilityConfig = settings.superRefine((config, context) => {
  for (const [setting, message] of problems(config))
    context.addIssue({ code: 'custom', path: [setting], message })
})

export type ObservabilityConfig = z.output<typeof settings>

type Problem = [setting: keyof ObservabilityConfig, message: string]

function problems(config: ObservabilityConfig): Problem[] {
  const { exporter, metricsPort, otlpEndpoint, otlpHeaders } = config
  const found: Problem[] = exporter === 'STACKDRIVER' ? googleProblems(config) : []
  if (exporter === 'PROMETHEUS' && metricsPort === 0)
    found.push(['metricsPort', 'required with OBSERVABILITY_EXPORTER=PROMETHEUS'])
  if ((exporter === 'OTLP' || exporter === 'OCAGENT') && otlpEndpoint === undefined)
    found.push(['otlpEndpoint', 'required with OBSERVABILITY_EXPORTER=OTLP'])
  // Other programs read these variables too, and may be given what only they understand.
  return exporter === 'NOOP' || exporter === 'PROMETHEUS'
    ? found
    : [...found, ...collectorProblems(otlpEndpoint, otlpHeaders)]
}

function collectorProblems(endpoint: string | undefined, headers: readonly string[]): Problem[] {
  const found: Problem[] = []
  if (endpoint !== undefined && !['http:', 'https:'].includes(urlOf(endpoint).protocol))
    found.push(['otlpEndpoint', 'not an http or https URL, such as http://collector:4318'])
  if (!headers.every((header) => header.indexOf('=') > 0))
    found.push(['otlpHeaders', 'every header is written as name=value'])
  return found
}

/** A token goes with every request there, so it must not travel in the clear. */
function googleProblems({ projectId, metricsIntervalMs, otlpEndpoint }: ObservabilityConfig) {
  const found: Problem[] = []
  if (projectId === undefined)
    found.push(['projectId', 'required with OBSERVABILITY_EXPORTER=STACKDRIVER'])
  if (metricsIntervalMs < GOOGLE_INTERVAL_MS)
    found.push(['metricsIntervalMs', 'less than 10s, which Google Cloud Monitoring does not take'])
  const { protocol, hostname } = urlOf(otlpEndpoint ?? 'https://')
  if (protocol === 'http:' && !LOOPBACK.test(hostname))
    found.push(['otlpEndpoint', 'not https, but a token is sent there with STACKDRIVER'])
  return found
}

function urlOf(given: string): { protocol: string; hostname: string } {
  return URL.parse(given) ?? { protocol: '', hostname: '' }
}
