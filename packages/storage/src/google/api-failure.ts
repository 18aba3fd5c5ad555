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
