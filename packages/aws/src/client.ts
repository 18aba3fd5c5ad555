import { configInvalid } from '@ens/config'
import { boundedAnswer } from './bounded-answers.ts'

/** How to reach AWS. What is left out comes by the SDK's own chain: variables, shared files, the platform's metadata. */
export interface AwsConnection {
  /** Of a server that speaks the protocol; unset: the one of AWS in the region. */
  endpoint?: string | undefined
  region?: string | undefined
  credentials?: Readonly<{ accessKeyId: string; secretAccessKey: string }> | undefined
}

/** A request that is under way longer is hardly ever answered; another attempt is. The caller's signal ends them all. */
const CONNECTION_TIMEOUT_MS = 3_000
const SILENCE_TIMEOUT_MS = 10_000
const MOST_ATTEMPTS = 5

/**
 * Settings for a client of the SDK, version 3. Its standard mode tries again what may be tried again (connections that
 * break, 5xx, throttling), with exponential delays and full jitter:
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
export function clientSettings({ endpoint, region, credentials }: AwsConnection) {
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(credentials !== undefined && { credentials }),
    retryMode: 'standard',
    maxAttempts: MOST_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, socketTimeout: SILENCE_TIMEOUT_MS },
    streamCollector: boundedAnswer,
  }
}

/** Throws `invalid_config` if nothing names the region, so that a service does not find out with its first request. */
export async function requireRegion(client: {
  readonly config: { region: () => Promise<string> }
}): Promise<void> {
  try {
    await client.config.region()
  } catch {
    throw configInvalid('AWS_REGION: required, unless a shared file of AWS names the region')
  }
}
