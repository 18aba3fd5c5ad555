import { resetIsAvailableCache } from 'gcp-metadata'
import { failureOf, failureOfToken, GoogleFailure, lacksToken, status } from './failure.ts'

/** What every client of Google's libraries has. */
interface Client {
  initialize(): Promise<unknown>
  auth: { getAccessToken(): Promise<unknown> }
}

interface CallSettings {
  retry: { retryCodes: status[]; backoffSettings: typeof BACKOFF }
  signal?: AbortSignal
}

/** How one call is made; the settings are to be handed on to the client. */
type Call<C, T> = (client: C, settings: CallSettings) => Promise<[T, ...unknown[]]>

/** Calls end with their signal, and throw `GoogleFailure`. */
export interface Calls<C> {
  /** For what may be done twice: tried again when there is no answer, and when there were too many calls. */
  repeatable<T>(signal: AbortSignal | undefined, call: Call<C, T>): Promise<T>
  /** For what may not: tried again only when the call was turned away unread. */
  once<T>(signal: AbortSignal | undefined, call: Call<C, T>): Promise<T>
}

const TRY_TIMEOUT_MS = 10_000
const TOTAL_TIMEOUT_MS = 30_000
/** google-gax waits a random part of each pause. */
const BACKOFF = {
  initialRetryDelayMillis: 200,
  retryDelayMultiplier: 2,
  maxRetryDelayMillis: 5000,
  initialRpcTimeoutMillis: TRY_TIMEOUT_MS,
  rpcTimeoutMultiplier: 1,
  maxRpcTimeoutMillis: TRY_TIMEOUT_MS,
  totalTimeoutMillis: TOTAL_TIMEOUT_MS,
}
/** INTERNAL is also what a connection looks like that ends midway. */
const AGAIN = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.INTERNAL,
]

/** Calls of one service over gRPC. The client is opened by the first call. */
export function grpcCalls<C extends Client>(service: string, open: () => C): Calls<C> {
  let opened: Promise<C> | undefined

  async function ready(): Promise<C> {
    opened ??= initialized(open())
    try {
      return await opened
    } catch (error) {
      opened = undefined // a client that failed to begin would fail for ever
      resetIsAvailableCache() // and so would the next, if a metadata server was not found in time
      throw failureOfToken(error)
    }
  }

  async function send<T>(retryCodes: status[], call: Call<C, T>, signal?: AbortSignal) {
    const retry = { retryCodes, backoffSettings: BACKOFF }
    const client = await ready()
    try {
      const [answer] = await call(client, { retry, ...(signal && { signal }) })
      return answer
    } catch (error) {
      throw lacksToken(error) ? await tokenFailure(service, client) : failureOf(service, error)
    }
  }

  return {
    repeatable: (signal, call) => send(AGAIN, call, signal),
    once: (signal, call) => send([status.RESOURCE_EXHAUSTED], call, signal),
  }
}

/** Left to the first call, a failure to begin would end the process. */
async function initialized<C extends Client>(client: C): Promise<C> {
  await client.initialize()
  return client
}

/** The text of the failed call says too little and may say too much: a token is asked for once more, to see why there is none. */
async function tokenFailure(service: string, { auth }: Client): Promise<GoogleFailure> {
  try {
    await auth.getAccessToken()
    return new GoogleFailure(`${service} was not asked: there was no token`, status.UNAVAILABLE)
  } catch (error) {
    return failureOfToken(error)
  }
}
