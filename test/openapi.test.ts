import { openApiDocument } from '@ens/api'
import { certifyKeys, makeKeys, type PhoneKey, publish, readStats, sendChaff } from '@ens/phone'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { APP, type Fleet, startFleet } from './fleet.ts'

// What the document says of replies is held against those of the service itself.

const document = openApiDocument()

let fleet: Fleet
beforeAll(async () => {
  fleet = await startFleet(new Date('2026-03-10T08:10:00Z'))
})
afterAll(() => fleet.close())

interface Request {
  body: string
  headers?: Record<string, string>
}

/** A status and code, after it was made sure that the document knows such a reply, its headers and its body. */
async function documented(path: string, { body, headers }: Request): Promise<string> {
  const response = await fetch(new URL(path, fleet.publishUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  const replied = (await response.json()) as { code?: string }
  const told = document.paths[path]?.post.responses[response.status]
  expect(response.headers.get('content-type')).toBe('application/json')
  for (const header of Object.keys(told?.headers ?? {}))
    expect(response.headers.has(header)).toBe(true)
  const { schema = {} } = told?.content['application/json'] ?? {}
  expect(validatorOf(schema).parse(replied)).toEqual(replied)
  return `${response.status} ${replied.code ?? '-'}`
}

function validatorOf(schema: object): z.ZodType {
  const whole = { ...schema, $defs: document.components.schemas }
  return z.fromJSONSchema(
    JSON.parse(JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/')),
  )
}

interface Words {
  keys: readonly PhoneKey[]
  reportType?: 'likely' | 'confirmed' | 'negative'
  [field: string]: unknown
}

function publishOf({ keys, reportType = 'confirmed', ...more }: Words): Request {
  const now = fleet.now()
  const certificate = certifyKeys(fleet.issuer, { reportType }, keys, { now })
  const body = { temporaryExposureKeys: keys, healthAuthorityID: APP, ...certificate, ...more }
  return { body: JSON.stringify(body) }
}

const newKeys = (days = 2) => makeKeys({ days, now: fleet.now() })

test.each<[string, () => Request]>([
  ['200 -', () => publishOf({ keys: newKeys() })],
  ['200 -', () => publishOf({ keys: newKeys(), reportType: 'negative' })],
  ['200 -', () => ({ body: 'what nobody reads', headers: { 'x-chaff': '1' } })],
  [
    '200 partial_failure',
    () => {
      const [first, second] = newKeys() as [PhoneKey, PhoneKey]
      return publishOf({ keys: [first, { ...second, rollingPeriod: 145 }] })
    },
  ],
  ['400 bad_request', () => ({ body: '{"unknownField": 1}' })],
  ['413 bad_request', () => ({ body: JSON.stringify({ padding: 'A'.repeat(70_000) }) })],
  ['415 bad_request', () => ({ body: '{}', headers: { 'content-type': 'text/plain' } })],
  [
    '401 unknown_health_authority_id',
    () => publishOf({ keys: newKeys(), healthAuthorityID: 'nobody' }),
  ],
  [
    '401 health_authority_verification_certificate_invalid',
    () => publishOf({ keys: newKeys(), hmacKey: 'AAAA' }),
  ],
])('a publish is answered %s as documented', async (outcome, request) => {
  expect(await documented('/v1/publish', request())).toBe(outcome)
})

test('so are a revision, and all that is wrong with one', async () => {
  const keys = newKeys()
  const target = { url: fleet.publishUrl, healthAuthorityID: APP, keys }
  const certificate = certifyKeys(fleet.issuer, { reportType: 'likely' }, keys, {
    now: fleet.now(),
  })
  const { reply } = await publish({ ...target, certificate })
  const { revisionToken } = reply
  const send = (words: Partial<Words>) => documented('/v1/publish', publishOf({ keys, ...words }))

  expect(await send({})).toBe('400 missing_revision_token')
  expect(await send({ revisionToken: 'AAAA' })).toBe('400 invalid_revision_token')
  expect(await send({ revisionToken })).toBe('200 -')
  expect(await send({ revisionToken, reportType: 'negative' })).toBe('400 key_already_revised')
  const other = newKeys()
  const confirmed = certifyKeys(fleet.issuer, { reportType: 'confirmed' }, other, {
    now: fleet.now(),
  })
  const first = await publish({ ...target, keys: other, certificate: confirmed })
  const token = { revisionToken: first.reply.revisionToken }
  expect(await send({ keys: other, reportType: 'negative', ...token })).toBe(
    '400 invalid_report_type_transition',
  )
})

test.each<[string, Request]>([
  ['400 bad_request', { body: '[]' }],
  ['401 unauthorized', { body: '{}', headers: { authorization: 'Bearer a.b.c' } }],
])('a request for statistics is answered %s as documented', async (outcome, request) => {
  expect(await documented('/v1/stats', request)).toBe(outcome)
})

test('a health authority reads its statistics with the token that is documented', async () => {
  const url = new URL('/v1/stats', fleet.publishUrl).href
  const outcome = await readStats({ url, reader: fleet.issuer, now: fleet.now() })
  expect(outcome).toEqual({ accepted: true, status: 200, days: [] })
})

test('chaff is as long as a reply may be', async () => {
  const { status, sizeBytes } = await sendChaff({
    url: fleet.publishUrl,
    days: 14,
    now: fleet.now(),
  })
  expect(status).toBe(200)
  expect(sizeBytes).toBeGreaterThan(1000)
})
