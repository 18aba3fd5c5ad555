export { type AwsConnection, clientSettings, requireRegion } from './client.ts'
export { AwsFailure, failureOf, isRefused } from './failure.ts'
