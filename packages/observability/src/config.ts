import { env, integer, optionalText, ratio, text, wordIgnoringCase } from '@ens/config'
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
      text('http://localhost:4318'),
      'Base address of the OTLP receiver (HTTP).',
      { fallback: 'OCAGENT_TRACE_EXPORTER_ENDPOINT' },
    ),
    traceProbability: env('TRACE_PROBABILITY', ratio('0.40'), 'Share of requests that is traced.'),
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
  .superRefine(({ exporter, metricsPort }, context) => {
    if (exporter === 'PROMETHEUS' && metricsPort === 0)
      context.addIssue({
        code: 'custom',
        path: ['metricsPort'],
        message: 'required with OBSERVABILITY_EXPORTER=PROMETHEUS',
      })
  })

export type ObservabilityConfig = z.output<typeof observabilityConfig>
