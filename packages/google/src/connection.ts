import { credentials } from '@grpc/grpc-js'
import { type AuthClient, PassThroughClient } from 'google-auth-library'

export interface ConnectionOptions {
  /** Where the service is: `https://…`, or `http://…` for an emulator, which is sent no credentials. */
  endpoint?: string | undefined
  /** Without it, the credentials of the machine are found as Google's libraries do. */
  authClient?: AuthClient | undefined
}

const DEAD_AFTER_MS = 30_000
const LONGEST_RECONNECT_MS = 5000

/** What a client of Google's libraries is opened with. */
export function connectionTo({ endpoint, authClient }: ConnectionOptions) {
  return {
    ...(endpoint !== undefined && addressOf(new URL(endpoint))),
    ...(authClient && { authClient }),
    'grpc.keepalive_time_ms': DEAD_AFTER_MS,
    'grpc.max_reconnect_backoff_ms': LONGEST_RECONNECT_MS,
  }
}

function addressOf({ protocol, hostname, port }: URL) {
  if (protocol !== 'http:') return { apiEndpoint: hostname, port: Number(port || 443) }
  const sslCreds = credentials.createInsecure()
  return {
    apiEndpoint: hostname,
    port: Number(port || 80),
    sslCreds,
    authClient: new PassThroughClient(),
  }
}
