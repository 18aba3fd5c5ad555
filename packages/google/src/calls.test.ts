import { PassThroughClient } from 'google-auth-library'
import { expect, test } from 'vitest'
import { grpcCalls } from './calls.ts'
import { checksumOf, hasChecksum } from './checksum.ts'
import { connectionTo } from './connection.ts'
import { type GoogleFailure, hasStatus, status } from './failure.ts'

const TOKEN = 'ya29.secret'

/** A client whose beginning and whose one call end as told; Google's own are tried over a socket, in keys and secrets. */
function aClient(initialize: () => Promise<unknown>, getAccessToken = initialize) {
  return { initialize, auth: { getAccessToken } }
}

const begun = async () => undefined

async function failureOf(attempt: Promise<unknown>): Promise<GoogleFailure> {
  return attempt.then(
    () => {
      throw new Error('it did not fail')
    },
    (reason: GoogleFailure) => reason,
  )
}

test('a failure keeps the status and the words for machines, and no text of the server', async () => {
  const calls = grpcCalls('A Service', () => aClient(begun))
  const error = {
    ...{ code: status.PERMISSION_DENIED, details: TOKEN, message: TOKEN, reason: 'DENIED' },
    errorInfoMetadata: { permission: 'a.b.use', other: TOKEN },
  }
  const failure = await failureOf(calls.repeatable(undefined, () => Promise.reject(error)))
  expect(failure.message).toBe('A Service answered PERMISSION_DENIED (DENIED a.b.use)')
  expect(hasStatus(failure, status.PERMISSION_DENIED)).toBe(true)
  expect(JSON.stringify(failure) + failure.stack).not.toContain(TOKEN)
})

test('words that are none are left out', async () => {
  const calls = grpcCalls('A Service', () => aClient(begun))
  const error = { code: status.NOT_FOUND, reason: `no ${TOKEN}` }
  const failure = await failureOf(calls.once(undefined, () => Promise.reject(error)))
  expect(failure.message).toBe('A Service answered NOT_FOUND')
})

test('of what the server says, a state is kept', async () => {
  const calls = grpcCalls('A Service', () => aClient(begun))
  const details = `Secret Version [${TOKEN}] is in DESTROYED state.`
  const error = { code: status.FAILED_PRECONDITION, details }
  const failure = await failureOf(calls.once(undefined, () => Promise.reject(error)))
  expect(failure.message).toBe('A Service answered FAILED_PRECONDITION (DESTROYED)')
  expect(failure.state).toBe('DESTROYED')
})

const NO_TOKEN = { code: status.UNKNOWN, details: `Getting metadata from plugin failed: ${TOKEN}` }

test.each([
  ['refuses', { status: 400 }, status.UNAUTHENTICATED],
  ['is down', { status: 503 }, status.UNAVAILABLE],
  ['does not answer', undefined, status.UNAVAILABLE],
])('a call without a token, because the token service %s, says so', async (_, response, code) => {
  const reason = Object.assign(new Error(TOKEN), { config: {}, response })
  const calls = grpcCalls('A Service', () => aClient(begun, () => Promise.reject(reason)))
  const failure = await failureOf(calls.repeatable(undefined, () => Promise.reject(NO_TOKEN)))
  expect(failure.status).toBe(code)
  expect(failure.message).not.toContain(TOKEN)
})

test('a client that failed to begin is opened anew for the next call', async () => {
  let opened = 0
  const calls = grpcCalls('A Service', () =>
    aClient(async () => {
      if (++opened === 1) throw new Error('Could not load the default credentials')
    }),
  )
  const call = async (): Promise<[string]> => ['answer']
  const failure = await failureOf(calls.repeatable(undefined, call))
  expect(failure.status).toBe(status.UNAUTHENTICATED)
  expect(await calls.repeatable(undefined, call)).toBe('answer')
})

test('the checksum is CRC32C', () => {
  expect(checksumOf('123456789')).toEqual({ value: 0xe3069283 })
  expect(hasChecksum('123456789', String(0xe3069283))).toBe(true)
  expect(hasChecksum('123456789', 0)).toBe(false)
  expect(hasChecksum('', undefined)).toBe(false)
})

test('an endpoint is where the client connects; one without TLS gets no credentials', () => {
  expect(connectionTo({ endpoint: 'https://kms.example' })).toMatchObject({
    apiEndpoint: 'kms.example',
    port: 443,
  })
  const emulator = connectionTo({ endpoint: 'http://127.0.0.1:9' })
  expect(emulator).toMatchObject({ apiEndpoint: '127.0.0.1', port: 9 })
  expect(emulator.authClient).toBeInstanceOf(PassThroughClient)
  expect(connectionTo({})).not.toHaveProperty('apiEndpoint')
})
