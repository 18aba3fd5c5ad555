const NEVER_LOGGED = new Set([
  'authorization',
  'body',
  'headers',
  'hmacKey',
  'key',
  'keys',
  'password',
  'remoteAddress',
  'req',
  'res',
  'revisionToken',
  'secret',
  'temporaryExposureKeys',
  'token',
  'verificationPayload',
])

/**
 * The last defence, should a line ever be given more than it should: what has one of these names, here or one level deeper, is
 * masked; counts of such things may be told. Errors are left to their serializer. By hand, because the logger's own redaction
 * takes 25 µs of each publish, which is more than all else of a line.
 */
export function masked(fields: Record<string, unknown>, levels = 1): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined
  for (const name of Object.keys(fields)) {
    const value = fields[name]
    const shown = NEVER_LOGGED.has(name) ? censored(value) : inner(value, levels)
    if (shown === value) continue
    copy ??= { ...fields }
    copy[name] = shown
  }
  return copy ?? fields
}

function censored(value: unknown): unknown {
  return typeof value === 'number' ? value : '***'
}

function inner(value: unknown, levels: number): unknown {
  const isPlain = typeof value === 'object' && value !== null && !(value instanceof Error)
  return isPlain && levels > 0 ? masked(value as Record<string, unknown>, levels - 1) : value
}
