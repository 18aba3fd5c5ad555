/**
 * An error as it may be logged: what it is, what it says, where, and its causes. Nothing else that a library may have hung on it,
 * such as a request with its headers.
 */
export function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'object' ? undefined : String(error)
  const code = 'code' in error ? error.code : undefined
  return {
    type: error.name,
    message: error.message,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    stack: error.stack,
    ...(depth < 5 &&
      error.cause !== undefined && { cause: serializeError(error.cause, depth + 1) }),
    ...(depth < 5 &&
      error instanceof AggregateError && {
        errors: error.errors.slice(0, 10).map((one) => serializeError(one, depth + 1)),
      }),
  }
}
