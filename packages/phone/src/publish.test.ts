import { expect, test } from 'vitest'
import { makeKeys } from './make-keys.ts'
import { publish } from './publish.ts'
import { readBody, serve } from './testing.ts'

const keys = makeKeys({ days: 2, now: new Date('2026-11-22T15:30:00Z') })
const input = { healthAuthorityID: 'com.example.app', keys }

/** Answers every publish alike, and shows what was sent. */
async function server(status: number, reply: string) {
  const sent: { headers: Record<string, unknown>; body: Record<string, unknown> }[] = []
  const running = await serve(async (request, response) => {
    sent.push({ headers: request.headers, body: JSON.parse(await readBody(request)) })
    response.writeHead(status).end(reply)
  })
  return { sent, url: running.url, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() }
}

test('a publish carries what the protocol names, and padding', async () => {
  await using phones = await server(
    200,
    '{"insertedExposures":2,"revisionToken":"AAAA","padding":"x"}',
  )

  const outcome = await publish({
    ...input,
    url: phones.url,
    certificate: { verificationPayload: 'a.b.c', hmacKey: 'AAAA' },
    symptomOnsetInterval: 2_700_000,
    traveler: true,
    revisionToken: 'BBBB',
  })

  expect(outcome).toEqual({
    accepted: true,
    status: 200,
    reply: { insertedExposures: 2, revisionToken: 'AAAA' },
  })
  expect(phones.sent).toMatchObject([
    {
      headers: { 'content-type': 'application/json' },
      body: {
        temporaryExposureKeys: keys,
        healthAuthorityID: 'com.example.app',
        verificationPayload: 'a.b.c',
        hmacKey: 'AAAA',
        symptomOnsetInterval: 2_700_000,
        traveler: true,
        revisionToken: 'BBBB',
        padding: expect.any(String),
      },
    },
  ])
})

test('what is not said is not sent', async () => {
  await using phones = await server(200, '{}')

  await publish({ ...input, url: phones.url }, { random: (size) => Buffer.alloc(size) })

  expect(phones.sent[0]?.body).toEqual({
    temporaryExposureKeys: keys,
    healthAuthorityID: 'com.example.app',
    padding: Buffer.alloc(1024).toString('base64'),
  })
})

test('a refusal is an outcome', async () => {
  await using phones = await server(400, '{"error":"no","code":"bad_request","padding":"x"}')

  expect(await publish({ ...input, url: phones.url })).toEqual({
    accepted: false,
    status: 400,
    reply: { error: 'no', code: 'bad_request' },
  })
})

test('fields of the reply that are new to us do no harm', async () => {
  await using phones = await server(200, '{"insertedExposures":1,"news":true}')

  expect((await publish({ ...input, url: phones.url })).reply).toEqual({ insertedExposures: 1 })
})

test.each([
  ['no JSON', '404 page not found'],
  ['not an object', '[]'],
  ['an object of something else', '{"insertedExposures":"many"}'],
])("a reply that is %s is not a publish server's", async (_, reply) => {
  await using phones = await server(200, reply)

  await expect(publish({ ...input, url: phones.url })).rejects.toMatchObject({
    code: 'phone_unexpected_response',
  })
})
