import { type AuthClient, GoogleAuth, type gaxios, PassThroughClient } from 'google-auth-library'
import { ApiFailure, CredentialsFailure } from './api-failure.ts'

const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write'
/** Longest that one try may take; a connection that hangs leaves time for another within a usual deadline. */
const TRY_TIMEOUT_MS = 25_000
const LARGEST_ANSWER_BYTES = 512_000_000

export interface JsonApiOptions {
  /** Where the API is: `https://…`, or `http://…` for an emulator, which is sent no credentials. */
  endpoint: string
  /** Without it, the credentials of the machine are found as Google's libraries do. */
  authClient?: AuthClient
}

interface ApiRequest {
  method: 'GET' | 'POST' | 'DELETE'
  /** Below the endpoint, with every part encoded. */
  path: string
  query: Record<string, string>
  headers?: Record<string, string>
  body?: Buffer
}

export interface ApiReply {
  headers: Headers
  body: Buffer
}

/** Sends one request, once. Throws `ApiFailure` or `CredentialsFailure`. */
export type JsonApi = (request: ApiRequest, signal: AbortSignal) => Promise<ApiReply>

/**
 * The JSON API of Cloud Storage with Google's credentials: https://cloud.google.com/storage/docs/json_api/v1. Requests end with
 * the signal, and connections with them.
 */
export function jsonApi({ endpoint, authClient }: JsonApiOptions): JsonApi {
  const client = authClient ?? credentialsFor(endpoint)
  return async ({ method, path, query, headers, body }, signal) => {
    // As the library writes it, without a default port or capitals in the host: by it errors are told from the token service's.
    const { href: url } = new URL(`${endpoint}${path}?${new URLSearchParams(query).toString()}`)
    try {
      const reply = await client.request<ArrayBuffer>({
        url,
        method,
        headers: { ...headers },
        ...(body && { data: body }),
        responseType: 'arraybuffer',
        signal: AbortSignal.any([signal, AbortSignal.timeout(TRY_TIMEOUT_MS)]),
        retry: false,
        maxContentLength: LARGEST_ANSWER_BYTES,
        // The one that the library brings ends the process when a request with a body is aborted before it begins.
        fetchImplementation: fetch,
      })
      return { headers: reply.headers, body: Buffer.from(reply.data) }
    } catch (error) {
      throw translated(error, url)
    }
  }
}

function credentialsFor(endpoint: string): GoogleAuth | PassThroughClient {
  if (endpoint.startsWith('http:')) return new PassThroughClient()
  return new GoogleAuth({ scopes: SCOPE, clientOptions: { forceRefreshOnFailure: true } })
}

/** Leaves everything behind that may hold a token: the request, and the answer of the token service. */
function translated(error: unknown, url: string): Error {
  if (!isGaxiosError(error)) return new CredentialsFailure('there are no usable Google credentials')
  const status = error.response?.status
  if (String(error.config.url).startsWith(url)) return failureOf(error, status)
  if (status !== undefined && status < 500) {
    return new CredentialsFailure(`the token service refuses the Google credentials (${status})`)
  }
  return new ApiFailure(`the token service did not answer (${status ?? networkCode(error)})`)
}

function failureOf(error: gaxios.GaxiosError, status: number | undefined): ApiFailure {
  if (status === undefined || status < 400) {
    return new ApiFailure(`no whole answer from Cloud Storage (${networkCode(error)})`)
  }
  return new ApiFailure(
    `Cloud Storage answered ${status} (${reasonOf(error.response?.data)})`,
    status,
  )
}

function isGaxiosError(error: unknown): error is gaxios.GaxiosError {
  return error instanceof Error && 'config' in error
}

function networkCode({ code, name }: gaxios.GaxiosError): string {
  return String(code ?? name)
}

/** One word of the error document, such as `rateLimitExceeded`. */
function reasonOf(body: unknown): string {
  try {
    const { error } = JSON.parse(Buffer.from(body as ArrayBuffer).toString())
    const reason: unknown = error.errors[0].reason
    return typeof reason === 'string' && /^\w{1,60}$/.test(reason) ? reason : 'no reason'
  } catch {
    return 'no reason'
  }
}
