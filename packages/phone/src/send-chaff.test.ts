import { freshKeyPair } from '@ens/verification/testing'
import { expect, test } from 'vitest'
import { certifyKeys } from './certify-keys.ts'
import { makeKeys } from './make-keys.ts'
import { publish } from './publish.ts'
import { sendChaff } from './send-chaff.ts'
import { readBody, serve } from './testing.ts'

const now = new Date('2026-11-22T15:30:00Z')

/** As every phone's: the same padding, so that only what is around it differs in length. */
const random = (size: number) => Buffer.alloc(size, 7)

test('chaff says that it is, and is as long as a publish of as many keys, give or take a tenth', async () => {
  const sent: { chaff: unknown; body: string }[] = []
  await using phones = await serve(async (request, response) => {
    sent.push({ chaff: request.headers['x-chaff'], body: await readBody(request) })
    response.writeHead(200).end('{"padding":"AAAA"}')
  })
  const keys = makeKeys({ days: 14, now })
  const issuer = { issuer: 'gov.example', audience: 'key-server', keyId: 'v1', ...freshKeyPair() }
  const certificate = certifyKeys(issuer, { reportType: 'confirmed' }, keys, { now })
  const { url } = phones

  await publish({ url, healthAuthorityID: 'com.example.app', keys, certificate }, { random })
  await sendChaff({ url, days: 14, now }, { random })

  const [real, chaff] = sent
  expect([real?.chaff, chaff?.chaff]).toEqual([undefined, '1'])
  const ratio = (chaff?.body.length ?? 0) / (real?.body.length ?? 1)
  expect(Math.abs(ratio - 1)).toBeLessThan(0.1)
  expect(Object.keys(JSON.parse(chaff?.body ?? ''))).toEqual(
    Object.keys(JSON.parse(real?.body ?? '')),
  )
})

test('it tells what an observer could see: status, size and time until the reply was whole', async () => {
  await using phones = await serve(async (request, response) => {
    await readBody(request)
    response.writeHead(200).end('{"padding":"AAAA"}')
  })
  const times = [1000, 1750]

  const outcome = await sendChaff(
    { url: phones.url, days: 1, now },
    { clock: () => times.shift() ?? Number.NaN },
  )

  expect(outcome).toEqual({ status: 200, sizeBytes: 18, durationMs: 750 })
})

test('a server that is busy is an outcome, too', async () => {
  await using phones = await serve(async (request, response) => {
    await readBody(request)
    response.writeHead(429).end('{"error": "please try again later"}')
  })

  expect(await sendChaff({ url: phones.url, days: 1, now })).toMatchObject({ status: 429 })
})
