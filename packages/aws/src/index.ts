export { type AwsConnection, clientSettings } from './client.ts'
export { AwsFailure, failureOf, isRefused } from './failure.ts'
