import { defineError } from '@ens/errors'

export const metricsPortTaken = defineError(
  'unavailable',
  'metrics_port_taken',
  'Another process listens on the port that METRICS_PORT names.',
)
