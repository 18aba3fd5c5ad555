import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { azureFailure } from './failure.ts'

/** As the SDKs make them: an answer with headers, and a request that holds a credential. */
function restError(statusCode: number | undefined, code: string, headers: object = {}): Error {
  const known = new Map(Object.entries(headers))
  return Object.assign(new Error('Server failed to authenticate: sig=c2VjcmV0'), {
    name: 'RestError',
    code,
    statusCode,
    request: { headers: { authorization: 'Bearer eyJhbGciOi' } },
    response: { headers: { get: (name: string) => known.get(name) } },
  })
}

describe('what is said of a failure', () => {
  test('names status, code and request, and nothing that Azure or the caller has written', () => {
    const headers = { 'x-ms-error-code': 'BlobNotFound', 'x-ms-request-id': 'a1b2-c3' }
    const failure = azureFailure(restError(404, 'RestError', headers))
    expect(failure.cause.message).toBe('Azure answered 404 BlobNotFound, request a1b2-c3')
    expect(inspect(failure, { depth: 10, showHidden: true })).not.toMatch(/sig=|Bearer|failed to/)
  })

  test('a code that is a sentence is not repeated', () => {
    const failure = azureFailure(restError(400, 'the key c2VjcmV0 is wrong'))
    expect(failure.cause.message).toBe('Azure answered 400 RestError')
  })

  test("of Key Vault's codes it is the inner one", () => {
    const details = { error: { code: 'Forbidden', innererror: { code: 'KeyDisabled' } } }
    const error = Object.assign(restError(403, 'Forbidden'), { details })
    expect(azureFailure(error).code).toBe('KeyDisabled')
  })

  test.each([undefined, null, 'text', 7, new TypeError('a bug'), { code: 7 }])(
    'of what is no failure of Azure is that it will not pass: %j',
    (error) => {
      expect(azureFailure(error)).toMatchObject({ status: undefined, isTransient: false })
    },
  )
})

describe('whether it is worth another try', () => {
  test.each([
    [500, true],
    [503, true],
    [408, true],
    [429, true],
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [409, false],
    [412, false],
    [undefined, true],
  ])('with status %j: %j', (status, isTransient) => {
    expect(azureFailure(restError(status, 'REQUEST_SEND_ERROR')).isTransient).toBe(isTransient)
  })

  test('a credential that is missing or wrong is not; one that cannot be checked for now is', () => {
    const named = (name: string, statusCode?: number) =>
      Object.assign(new Error(), { name, statusCode })
    const missing = named('CredentialUnavailableError')
    expect(azureFailure(missing)).toMatchObject({ isDenied: true, isTransient: false })
    expect(azureFailure(missing).cause.message).toBe(
      'no token for Azure: CredentialUnavailableError',
    )
    const wrong = named('AuthenticationError', 401)
    expect(azureFailure(wrong)).toMatchObject({ isDenied: true, isTransient: false })
    const unknownIdentity = azureFailure(named('AuthenticationError', 404))
    expect(unknownIdentity).toMatchObject({ status: undefined, isDenied: true })
    const busy = named('AuthenticationError', 503)
    expect(azureFailure(busy)).toMatchObject({ isDenied: false, isTransient: true, isUndone: true })
  })

  test.each([
    ['7', 7_000],
    ['86400', 60_000],
    ['Sat, 28 Nov 2026 18:00:00 GMT', 0],
    ['-1', 0],
  ])('after %s, as Azure asks, within a minute', (header, ms) => {
    expect(azureFailure(restError(429, 'Throttled', { 'retry-after': header })).retryAfterMs).toBe(
      ms,
    )
  })
})
