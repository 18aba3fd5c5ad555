import { loadConfig } from '@ens/config'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { observabilityConfig } from './config.ts'

const load = (variables: Record<string, string>) =>
  loadConfig(z.object({ observability: observabilityConfig }), variables).observability

const GOOGLE = { OBSERVABILITY_EXPORTER: 'stackdriver', GOOGLE_CLOUD_PROJECT: 'health' }

test.each(['https://proxy.example', 'http://127.0.0.1:4318', 'http://[::1]:4318'])(
  'a token may be sent to %s',
  (endpoint) => {
    const loaded = load({ ...GOOGLE, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
    expect(loaded).toMatchObject({ exporter: 'STACKDRIVER', projectId: 'health' })
  },
)

test('without settings nothing leaves the process but log lines of INFO and above', () => {
  expect(load({})).toMatchObject({ exporter: 'NOOP', logLevel: 'INFO', logMode: 'AUTO' })
})

test('letter case does not matter', () => {
  const loaded = load({
    OBSERVABILITY_EXPORTER: 'Prometheus',
    METRICS_PORT: '9090',
    LOG_LEVEL: 'warning',
    LOG_MODE: 'development',
  })
  expect(loaded).toMatchObject({
    exporter: 'PROMETHEUS',
    metricsPort: 9090,
    logLevel: 'WARNING',
    logMode: 'DEVELOPMENT',
  })
})

test.each<[string, Record<string, string>]>([
  ['METRICS_PORT: required', { OBSERVABILITY_EXPORTER: 'PROMETHEUS' }],
  ['OTEL_EXPORTER_OTLP_ENDPOINT: required', { OBSERVABILITY_EXPORTER: 'OTLP' }],
  ['OTEL_EXPORTER_OTLP_ENDPOINT: required', { OBSERVABILITY_EXPORTER: 'ocagent' }],
  [
    'OTEL_EXPORTER_OTLP_ENDPOINT: not an http',
    { OBSERVABILITY_EXPORTER: 'OTLP', OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' },
  ],
  [
    'OTEL_EXPORTER_OTLP_HEADERS: every header',
    { OBSERVABILITY_EXPORTER: 'OTLP', OTEL_EXPORTER_OTLP_HEADERS: 'bare' },
  ],
  ['OBSERVABILITY_EXPORTER: not one of', { OBSERVABILITY_EXPORTER: 'CLOUDWATCH' }],
  ['PROJECT_ID: required', { OBSERVABILITY_EXPORTER: 'StackDriver' }],
  ['METRICS_EXPORT_INTERVAL: less than 10s', { ...GOOGLE, STACKDRIVER_REPORTING_INTERVAL: '5s' }],
  [
    'OTEL_EXPORTER_OTLP_ENDPOINT: not https',
    { ...GOOGLE, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://proxy.example:4318' },
  ],
  ['METRICS_EXPORT_INTERVAL: less than 1s', { METRICS_EXPORT_INTERVAL: '1ms' }],
  ['TRACE_PROBABILITY: not a number', { TRACE_PROBABILITY: '40' }],
])('%s is said of %j', (problem, variables) => {
  expect(() => load(variables)).toThrow(problem)
})

test('what is wrong with a collector stops nobody who sends it nothing', () => {
  const collector = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
    OTEL_EXPORTER_OTLP_HEADERS: 'x',
  }
  expect(load(collector)).toMatchObject({ exporter: 'NOOP' })
})
