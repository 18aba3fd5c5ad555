import { defineError } from '@ens/errors'

export const metricsPortTaken = defineError(
  'unavailable',
  'metrics_port_taken',
  'Another process listens on the port that METRICS_PORT names.',
)

export const telemetryCredentialsUnavailable = defineError(
  'unavailable',
  'telemetry_credentials_unavailable',
  'Metrics and traces cannot be sent to Google Cloud, because no credentials can be had.',
)
