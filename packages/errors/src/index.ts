/** What went wrong, just finely enough for the edge to choose a status code. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'unavailable'
  | 'internal'

/**
 * A failure that some caller is expected to tell apart. The `code` is a promise to clients and never changes; the message
 * of every kind but `internal` reaches them, so it holds no secrets.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly kind: ErrorKind
  readonly code: string
  /** The HTTP status, where an API's wire asks for another than the kind's own. */
  readonly status: number | undefined

  constructor(
    kind: ErrorKind,
    code: string,
    message: string,
    { status, ...options }: ErrorOptions & { status?: number | undefined } = {},
  ) {
    super(message, options)
    this.kind = kind
    this.code = code
    this.status = status
  }
}

/** What `defineError` returns: throws are made by calling it, and documents are written from its members. */
export interface ErrorMaker {
  (message?: string, options?: ErrorOptions): AppError
  readonly kind: ErrorKind
  readonly code: string
  readonly meaning: string
  readonly status: number | undefined
}

/** Declares an error once: what to throw, what clients may match on, and what operators read about it. */
export function defineError(
  kind: ErrorKind,
  code: string,
  meaning: string,
  { status }: { status?: number } = {},
): ErrorMaker {
  const make = (message = meaning, options: ErrorOptions = {}) =>
    new AppError(kind, code, message, { ...options, status })
  return Object.assign(make, { kind, code, meaning, status })
}

export function isAppError(error: unknown): error is AppError {
  return error instanceof AppError
}
