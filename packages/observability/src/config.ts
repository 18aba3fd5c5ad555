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

/** Logs, metrics and traces. */
export const observabilityConfig = z
  .object({
    exporter: env(
      'OBSERVABILITY_EXPORTER',
      wordIgnoringCase(['NOOP', 'PROMETHEUS', 'OTLP', 'OCAGENT'], 'NOOP'),
      'Where metrics and traces go. PROMETHEUS serves metrics on METRICS_PORT; OTLP sends metrics and traces; OCAGENT is an old name of OTLP.',
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
      'URL of the OTLP/HTTP collector, such as `http://collector:4318`; OTLP needs one.',
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
      'How often OTLP sends metrics.',
    ),
    traceProbability: env(
      'TRACE_PROBABILITY',
      ratio('0.40'),
      'Share of requests that OTLP traces; with 0 nothing of tracing is loaded.',
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
      'The Google Cloud project, to link log lines with its traces.',
      { fallback: 'GOOGLE_CLOUD_PROJECT' },
    ),
  })
  .superRefine(({ exporter, metricsPort, otlpEndpoint, otlpHeaders }, context) => {
    const refuse = (setting: string, message: string) =>
      context.addIssue({ code: 'custom', path: [setting], message })
    if (exporter === 'PROMETHEUS' && metricsPort === 0)
      refuse('metricsPort', 'required with OBSERVABILITY_EXPORTER=PROMETHEUS')
    if ((exporter === 'OTLP' || exporter === 'OCAGENT') && otlpEndpoint === undefined)
      refuse('otlpEndpoint', 'required with OBSERVABILITY_EXPORTER=OTLP')
    if (otlpEndpoint !== undefined && !isHttpUrl(otlpEndpoint))
      refuse('otlpEndpoint', 'not an http or https URL, such as http://collector:4318')
    if (!otlpHeaders.every((header) => header.indexOf('=') > 0))
      refuse('otlpHeaders', 'every header is written as name=value')
  })

export type ObservabilityConfig = z.output<typeof observabilityConfig>

function isHttpUrl(given: string): boolean {
  return ['http:', 'https:'].includes(URL.parse(given)?.protocol ?? '')
}
