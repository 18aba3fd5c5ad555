/** A request that Cloud Storage did not carry out, or that nothing is known of. Holds nothing of request or answer but what it names. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'
  /** The HTTP status; undefined if there was no answer, or not a whole one. */
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.status = status
  }
}

/** There is no token to ask with: no credentials on this machine, or they were refused. */
export class CredentialsFailure extends Error {
  override readonly name = 'CredentialsFailure'
}

export function hasStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof ApiFailure && statuses.includes(error.status ?? 0)
}

/** Worth another try: https://cloud.google.com/storage/docs/retry-strategy */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ApiFailure)) return false
  const { status = 500 } = error
  return status === 408 || status === 429 || status >= 500
}

/** What an error of Google's client holds besides the request with its token, and the answer. */
interface LibraryError {
  response?: { statusCode?: unknown }
  errors?: { reason?: unknown }[]
  code?: unknown
  name?: unknown
}

/** Leaves everything behind that may hold a token, or the provider's words. */
export function apiFailure(error: unknown): ApiFailure {
  const { response, errors, code, name } = error as LibraryError
  const status = Number(response?.statusCode ?? (typeof code === 'number' ? code : 0))
  if (status >= 400) {
    const reason = wordOf(errors?.[0]?.reason) ?? 'no reason'
    return new ApiFailure(`Cloud Storage answered ${status} (${reason})`, status)
  }
  const what = wordOf(code) ?? wordOf(name) ?? 'no reason'
  return new ApiFailure(`no whole answer from Cloud Storage (${what})`)
}

/** Such as `rateLimitExceeded` or `ECONNRESET`. */
function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^\w{1,60}$/.test(value) ? value : undefined
}
