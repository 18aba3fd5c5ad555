import { stringify } from 'node:querystring'
import { isAppError } from '@ens/errors'
import { type File, Storage } from '@google-cloud/storage'
import type { GoogleAuth } from 'google-auth-library'
import { ApiFailure, apiFailure, CredentialsFailure, hasStatus } from './api-failure.ts'
import { machineCredentials, RenewedCredentials } from './credentials.ts'
import { withLimits } from './requests.ts'

/** Longest that one try may take; a connection that hangs leaves time for another within a usual deadline. */
const TRY_TIMEOUT_MS = 25_000
/** The description of an object, or of an error; a download may be longer by what was asked for. */
const LARGEST_ANSWER_BYTES = 1_000_000

export interface ClientOptions {
  /** Where the API is: `https://…`, or `http://…` for an emulator, which is sent no credentials. */
  endpoint: string
  /** Opens credentials, again whenever they fail. Without it, those of the machine. */
  openAuth?: () => GoogleAuth
}

/** Google's client, with what it does not do for itself around each call. */
export interface StorageClient {
  storage: Storage
  file(bucket: string, name: string): File
  /**
   * Makes one call of the client's, which sends one request. It ends with the signal, and its connection with it. Throws
   * `ApiFailure` or `CredentialsFailure`, and what `work` itself throws with a code.
   */
  send<T>(signal: AbortSignal, work: () => Promise<T>, downloadBytes?: number): Promise<T>
}

export function storageClient({ endpoint, openAuth }: ClientOptions): StorageClient {
  const auth = new RenewedCredentials(openAuth ?? machineCredentials)
  const storage = openStorage(endpoint, auth)
  return {
    storage,
    file: (bucket, name) => storage.bucket(bucket).file(name),
    async send(signal, work, downloadBytes = 0) {
      const maxAnswerBytes = LARGEST_ANSWER_BYTES + downloadBytes
      const { current } = auth
      try {
        return await sendOnce(signal, work, maxAnswerBytes)
      } catch (error) {
        if (!hasStatus(error, 401)) throw error
        auth.renew(current) // the token was taken back before its time
        return sendOnce(signal, work, maxAnswerBytes)
      }
    },
  }
}

function openStorage(endpoint: string, authClient: GoogleAuth): Storage {
  const storage = new Storage({
    apiEndpoint: endpoint,
    useAuthWithCustomEndpoint: endpoint.startsWith('https:'),
    authClient,
    retryOptions: { autoRetry: false },
  })
  // Or STORAGE_EMULATOR_HOST would lead requests, and tokens with them, elsewhere.
  storage.baseUrl = `${endpoint}/storage/v1`
  storage.interceptors.push({ request: prepared })
  return storage
}

type Interceptor = Storage['interceptors'][number]['request']
type Request = ReturnType<Interceptor>

/**
 * Of a connection that is kept, the client destroys the agent, and other requests with it, when one download fails; Node's own
 * agent it leaves alone. In a query the client puts a project in the place of `{{projectId}}`; in an address it finds none.
 */
const prepared: Interceptor = (request) => {
  const { qs, uri, ...others } = request as Request
  return { ...others, uri: `${uri}?${stringify(qs)}`, forever: false }
}

async function sendOnce<T>(
  signal: AbortSignal,
  work: () => Promise<T>,
  maxAnswerBytes: number,
): Promise<T> {
  const ended = new AbortController()
  const within = AbortSignal.any([signal, AbortSignal.timeout(TRY_TIMEOUT_MS), ended.signal])
  try {
    const working = withLimits({ signal: within, maxAnswerBytes }, work)
    return await Promise.race([working, abortOf(within)])
  } catch (error) {
    throw isKnown(error) ? error : apiFailure(error)
  } finally {
    ended.abort() // nothing of a call outlives it
  }
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = () => reject(new ApiFailure('Cloud Storage did not answer in time'))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

function isKnown(error: unknown): boolean {
  return error instanceof ApiFailure || error instanceof CredentialsFailure || isAppError(error)
}
