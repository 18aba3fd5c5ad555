import { KeyManagementServiceClient } from '@google-cloud/kms'
import { credentials, status } from '@grpc/grpc-js'
import type { AuthClient } from 'google-auth-library'
import { failureOf, failureOfToken, type GaxError, lacksToken } from './kms-failure.ts'

export interface KmsClientOptions {
  /** Where Cloud KMS is: `https://…`, or `http://…` for an emulator, which is sent no credentials. */
  endpoint?: string
  /** Without it, the credentials of the machine are found as Google's libraries do. */
  authClient?: AuthClient
}

/** How one call is made; the options are to be handed on to the client. */
type Call<T> = (client: KeyManagementServiceClient, options: CallSettings) => Promise<[T, ...unknown[]]>

type CallSettings = NonNullable<Parameters<KeyManagementServiceClient['getPublicKey']>[1]>

export interface Kms {
  /** For what may be done twice: asked again when there is no answer, and when there were too many calls. */
  repeatable<T>(signal: AbortSignal | undefined, call: Call<T>): Promise<T>
  /** For what may not: asked again only when the call was refused unread. */
  once<T>(signal: AbortSignal | undefined, call: Call<T>): Promise<T>
}

const TRY_TIMEOUT_MS = 10_000
const TOTAL_TIMEOUT_MS = 30_000
const BACKOFF = {
  initialRetryDelayMillis: 200,
  retryDelayMultiplier: 2,
  maxRetryDelayMillis: 5000,
  initialRpcTimeoutMillis: TRY_TIMEOUT_MS,
  rpcTimeoutMultiplier: 1,
  maxRpcTimeoutMillis: TRY_TIMEOUT_MS,
  totalTimeoutMillis: TOTAL_TIMEOUT_MS,
}
/** INTERNAL is also what a connection that ends midway looks like. */
const AGAIN = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.INTERNAL,
]

/** Calls of Cloud KMS over gRPC, with a time limit, retries after random pauses, and errors that are `KmsFailure`. */
export function kmsClient(options: KmsClientOptions): Kms {
  let opened: Promise<KeyManagementServiceClient> | undefined

  async function ready(): Promise<KeyManagementServiceClient> {
    opened ??= open(options)
    try {
      return await opened
    } catch (error) {
      opened = undefined // a client that failed to open would fail for ever
      throw failureOfToken(error)
    }
  }

  async function send<T>(signal: AbortSignal | undefined, retryCodes: status[], call: Call<T>) {
    const retry = { retryCodes, backoffSettings: BACKOFF }
    const client = await ready()
    try {
      const [answer] = await call(client, { retry, ...(signal && { signal }) })
      return answer
    } catch (error) {
      throw lacksToken(error as GaxError) ? await tokenFailure(client) : failureOf(error)
    }
  }

  return {
    repeatable: (signal, call) => send(signal, AGAIN, call),
    once: (signal, call) => send(signal, [status.RESOURCE_EXHAUSTED], call),
  }
}

async function open({ endpoint, authClient }: KmsClientOptions) {
  const client = new KeyManagementServiceClient({
    ...(endpoint !== undefined && addressOf(new URL(endpoint))),
    ...(authClient && { authClient }),
    'grpc.keepalive_time_ms': 30_000,
    'grpc.max_reconnect_backoff_ms': 5000,
  })
  // Left to the first call, a failure to begin would end the process.
  await client.initialize()
  return client
}

/** The text of the failed call says too little and may say too much: a token is asked for once more, to see why there is none. */
async function tokenFailure({ auth }: KeyManagementServiceClient) {
  try {
    await auth.getAccessToken()
    return failureOf({ code: status.UNAVAILABLE })
  } catch (error) {
    return failureOfToken(error)
  }
}

function addressOf({ protocol, hostname, port }: URL) {
  if (protocol === 'http:') {
    const sslCreds = credentials.createInsecure()
    return { apiEndpoint: hostname, port: Number(port || 80), sslCreds }
  }
  return { apiEndpoint: hostname, port: Number(port || 443) }
}
