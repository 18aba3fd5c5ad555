import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  publishBody,
  publishTo,
  sentKey,
  statsToken,
  type TestServer,
  testServer,
} from './testing/test-server.ts'

let server: TestServer
let good: Record<string, unknown>
beforeAll(async () => {
  server = await testServer()
  const { body } = await server.publish(publishBody([sentKey(0), sentKey(1)]))
  good = { ...publishBody([sentKey(0), sentKey(2)]), revisionToken: body.revisionToken }
})
afterAll(() => server.close())

/** Whatever came, a phone is told something it can read, and nothing is our fault. */
async function expectAnAnswer(body: object | string, headers = {}): Promise<void> {
  const reply = await publishTo(server.app, body, headers)
  expect([200, 400, 401, 413, 415]).toContain(reply.status)
  expect(reply.body.padding).toEqual(expect.any(String))
  expect(reply.headers['x-api-version']).toBe('v1')
}

interface Edit {
  at: number
  drop: number
  add: string
}

const edits = fc.array(
  fc.record({
    at: fc.nat(1_000_000),
    drop: fc.nat(20),
    add: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom('"', '{', '}', ',', ':', '\\u0000', '1e9', '-', 'null', '[', '='),
    ),
  }),
  { minLength: 1, maxLength: 4 },
)

function edited(text: string, changes: readonly Edit[]): string {
  return changes.reduce((changed, { at, drop, add }) => {
    const from = at % (changed.length + 1)
    return changed.slice(0, from) + add + changed.slice(from + drop)
  }, text)
}

describe('no body is answered with a fault of ours', () => {
  test('a good one, with a few characters changed', async () => {
    await fc.assert(
      fc.asyncProperty(edits, (changes) => expectAnAnswer(edited(JSON.stringify(good), changes))),
      { numRuns: runs(400) },
    )
  })

  test('one of good names with any values', async () => {
    const extreme = fc.constantFrom(
      -1,
      0,
      144,
      2_669_616,
      2 ** 31 - 1,
      -(2 ** 31),
      2 ** 53,
      1.5,
      1e300,
    )
    const value = fc.oneof(fc.jsonValue(), extreme, fc.string({ unit: 'grapheme' }))
    const key = fc.record({
      key: fc.oneof(value, fc.constant(sentKey(0).key)),
      rollingStartNumber: fc.oneof(value, extreme),
      rollingPeriod: fc.oneof(value, extreme),
      transmissionRisk: fc.oneof(value, extreme),
    })
    const changes = fc.record(
      {
        temporaryExposureKeys: fc.oneof(value, fc.array(fc.oneof(key, value), { maxLength: 40 })),
        healthAuthorityID: value,
        verificationPayload: value,
        hmacKey: value,
        symptomOnsetInterval: fc.oneof(value, extreme),
        traveler: value,
        revisionToken: value,
        padding: value,
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(changes, (changed) => expectAnAnswer({ ...good, ...changed })),
      { numRuns: runs(400) },
    )
  })

  test.each(['verificationPayload', 'hmacKey', 'revisionToken'])(
    'a good one with another %s',
    async (field) => {
      const changed = fc.oneof(
        edits.map((changes) => edited(String(good[field]), changes)),
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64')),
      )
      await fc.assert(
        fc.asyncProperty(changed, (text) => expectAnAnswer({ ...good, [field]: text })),
        { numRuns: runs(300) },
      )
    },
  )

  test('any bytes under any header', async () => {
    const header = fc.constantFrom(
      'application/json',
      'application/json;',
      'text/plain',
      'a/b; c=d',
      'x',
    )
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), header, (body, type) =>
        expectAnAnswer(body, { 'content-type': type, 'user-agent': body.replace(/[^ -~]/g, '') }),
      ),
      { numRuns: runs(300) },
    )
  })
})

describe('nor is a request for statistics', () => {
  const headers = fc.oneof(
    edits.map((changes) => `Bearer ${edited(statsToken(server.clock.at), changes)}`),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ maxLength: 200 }).map((text) => `Bearer ${text}`),
  )
  // Others never leave an HTTP client.
  const sendable = headers.map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, ''))
  const bodies = fc.oneof(
    fc.constant('{}'),
    edits.map((changes) => edited('{"padding":"AAAA"}', changes)),
  )

  test('whatever stands in its header and body', async () => {
    await fc.assert(
      fc.asyncProperty(sendable, bodies, async (authorization, body) => {
        const reply = await publishTo(server.app, body, { authorization }, '/v1/stats')
        expect([200, 400, 401]).toContain(reply.status)
        expect(reply.body.padding).toEqual(expect.any(String))
      }),
      { numRuns: runs(400) },
    )
  })
})
