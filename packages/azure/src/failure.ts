/** What Azure, or the way to it, said when a call failed; fit for a log. */
export interface AzureFailure {
  /** Of HTTP; undefined if the service itself was not reached, or not asked for want of a token. */
  status: number | undefined
  /** Azure's most particular code, such as `BlobNotFound` or `KeyDisabled`, or the system's, such as `ECONNRESET`. */
  code: string
  /** Whether the same call may succeed a little later. */
  isTransient: boolean
  /** Whether, besides, it is certain that the call had no effect, so that even what must not be done twice may be repeated. */
  isUndone: boolean
  /** Whether the process is not known, or not allowed to. */
  isDenied: boolean
  /** How long Azure asks to wait (`Retry-After`), at least; at most a minute. */
  retryAfterMs: number
  /** In place of the SDK's error, which carries the request with its credential. */
  cause: Error
}

const TOO_MANY_REQUESTS = 429
const REQUEST_TIMEOUT = 408
const MOST_SECONDS_TO_WAIT = 60
/** A code or request id, rather than a sentence that may quote something. */
const TOKEN = /^[A-Za-z0-9_-]{1,100}$/
/** Such as `ECONNRESET` or `ERR_STREAM_PREMATURE_CLOSE`. */
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]+$/
/** Of name servers, and of connections that were never made. */
const NOT_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])
/** Of `@azure/identity`, which has no credential, or was refused a token for it. */
const CREDENTIAL_ERROR = /^(CredentialUnavailable|Authentication|AggregateAuthentication)/

/** Reads an error of an Azure SDK or of the network; any other becomes a failure without a status that will not pass. */
export function azureFailure(error: unknown): AzureFailure {
  const { name = '', statusCode } = asSdkError(error)
  const code = codeOf(error)
  const cause = new Error(described(error, code))
  const common = { code, cause, retryAfterMs: retryAfterMs(error) }
  if (isCredentialError(name)) {
    // Of the authority, which may be out of order, too; never to be taken for the service's.
    const isTransient = statusCode !== undefined && isPassing(statusCode)
    const isDenied = !isTransient
    return { ...common, status: undefined, isTransient, isUndone: isTransient, isDenied }
  }
  const isDenied = statusCode === 401 || statusCode === 403
  const isTransient = statusCode === undefined ? isLost(name, code) : isPassing(statusCode)
  const isUndone = statusCode === TOO_MANY_REQUESTS || (isTransient && NOT_CONNECTED.has(code))
  return { ...common, status: statusCode, isTransient, isUndone, isDenied }
}

function isCredentialError(name: string): boolean {
  return CREDENTIAL_ERROR.test(name)
}

/** A connection that failed: an error of the SDK without an answer, or of the system. */
function isLost(name: string, code: string): boolean {
  return name === 'RestError' || SYSTEM_CODE.test(code)
}

function isPassing(status: number): boolean {
  return status >= 500 || status === TOO_MANY_REQUESTS || status === REQUEST_TIMEOUT
}

interface SdkError {
  name: string
  code: string | undefined
  statusCode: number | undefined
  details: unknown
  response: { headers?: { get(name: string): string | undefined } } | undefined
}

function asSdkError(error: unknown): Partial<SdkError> {
  return typeof error === 'object' && error !== null ? error : {}
}

function codeOf(error: unknown): string {
  const { name, code, details, response } = asSdkError(error)
  const candidates = [
    response?.headers?.get('x-ms-error-code'),
    innerCode(details),
    code,
    at(details, 'errorCode'),
    name,
  ]
  return candidates.find(isToken) ?? 'unknown'
}

/** Key Vault's document is `{ error: { code, message, innererror: { code } } }`; some SDKs hand out what is inside. */
function innerCode(details: unknown): unknown {
  const error = at(details, 'error') ?? details
  const inner = at(error, 'innererror') ?? at(error, 'innerError')
  return at(inner, 'code') ?? at(error, 'code')
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function isToken(candidate: unknown): candidate is string {
  return typeof candidate === 'string' && TOKEN.test(candidate)
}

function retryAfterMs(error: unknown): number {
  const seconds = Number(asSdkError(error).response?.headers?.get('retry-after') ?? 0)
  return seconds > 0 ? Math.min(seconds, MOST_SECONDS_TO_WAIT) * 1_000 : 0 // a date is NaN
}

function described(error: unknown, code: string): string {
  const { name = '', statusCode, response } = asSdkError(error)
  if (isCredentialError(name)) return `no token for Azure: ${code}`
  if (statusCode === undefined) return `no answer from Azure: ${code}`
  const requestId = response?.headers?.get('x-ms-request-id')
  const suffix = isToken(requestId) ? `, request ${requestId}` : ''
  return `Azure answered ${statusCode} ${code}${suffix}`
}
