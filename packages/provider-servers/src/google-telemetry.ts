export {
  type GoogleTelemetry,
  type ReceivedMetric,
  type ReceivedSpan,
  startGoogleTelemetry,
} from './google-telemetry/server.ts'
