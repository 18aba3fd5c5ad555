import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { failureOf, isRefused } from './index.ts'

/** As the SDK throws it; S3 sends back all that was signed. */
const wrongSignature = Object.assign(new Error('The signature of AKIDEXAMPLE does not match'), {
  name: 'SignatureDoesNotMatch',
  $metadata: { httpStatusCode: 403, requestId: '4442587FB7D0A2F9' },
  $response: { headers: { 'x-amz-security-token': 'session' } },
  AWSAccessKeyId: 'AKIDEXAMPLE',
  CanonicalRequest: 'PUT\n/exports/us/1.zip\nx-amz-security-token:session',
})

test('of an answer its name, status and request id are kept, and nothing else', () => {
  const failure = failureOf(wrongSignature)
  expect(failure).toMatchObject({
    reason: 'SignatureDoesNotMatch',
    message: 'SignatureDoesNotMatch (HTTP 403)',
    status: 403,
    requestId: '4442587FB7D0A2F9',
  })
  expect(inspect(failure, { depth: 10, showHidden: true })).not.toMatch(/AKIDEXAMPLE|session/)
})

test('of a connection that failed the system’s code is kept', () => {
  const cut = Object.assign(new Error('read ECONNRESET'), {
    name: 'TimeoutError',
    code: 'ECONNRESET',
  })
  expect(failureOf(cut)).toMatchObject({ reason: 'ECONNRESET', status: undefined })
})

test.each([undefined, null, 'text', new Error('x y'), { name: 'AKID: a secret' }])(
  'of %j no text is kept',
  (thrown) => {
    expect(failureOf(thrown).message).toMatch(/^(unknown|Error)$/)
  },
)

test('missing permission and bad credentials are told from trouble that passes', () => {
  const named = (name: string, httpStatusCode: number) =>
    failureOf(Object.assign(new Error(), { name, $metadata: { httpStatusCode } }))
  expect(isRefused(failureOf(wrongSignature))).toBe(true)
  expect(isRefused(named('AccessDeniedException', 400))).toBe(true)
  expect(
    isRefused(failureOf(Object.assign(new Error(), { name: 'CredentialsProviderError' }))),
  ).toBe(true)
  expect(isRefused(named('ThrottlingException', 400))).toBe(false)
  expect(isRefused(named('SlowDown', 503))).toBe(false)
})
