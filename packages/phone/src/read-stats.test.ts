import { aHealthAuthority } from '@ens/domain/testing'
import { createStatsVerifier } from '@ens/verification'
import { freshKeyPair } from '@ens/verification/testing'
import { expect, test } from 'vitest'
import { readStats, statsToken } from './read-stats.ts'
import { readBody, serve } from './testing.ts'

const now = new Date('2026-11-22T15:30:00Z')
const { privateKey, publicKeyPem: publicKey } = freshKeyPair()
const authority = aHealthAuthority({
  enableStats: true,
  keys: [{ version: 'v1', publicKey, from: new Date(0), thru: undefined }],
})
const reader = { issuer: authority.issuer, keyId: 'v1', privateKey }

const verifierAt = (at: Date, audience = 'keyserver') =>
  createStatsVerifier({ findHealthAuthority: async () => authority, now: () => at, audience })

test('the token is one that the server accepts, and for a few minutes only', async () => {
  const header = `Bearer ${statsToken({ reader, now })}`

  expect(await verifierAt(now)(header)).toEqual(authority)
  const later = new Date(now.getTime() + 301_000)
  await expect(verifierAt(later)(header)).rejects.toMatchObject({ code: 'unauthorized' })
})

test('a server of another name, and a key in PEM, are good', async () => {
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const token = statsToken({ reader: { ...reader, privateKey: pem }, audience: 'ours', now })

  expect(await verifierAt(now, 'ours')(`Bearer ${token}`)).toEqual(authority)
})

/** What comes of a server that answers like this. */
async function outcomeOf(status: number, reply: string) {
  await using server = await serve(async (request, response) => {
    await readBody(request)
    response.writeHead(status).end(reply)
  })
  return await readStats({ url: server.url, reader, now })
}

test('a server with nothing to show is an outcome', async () => {
  expect(await outcomeOf(200, '{"padding":"AAAA"}')).toEqual({
    accepted: true,
    status: 200,
    days: [],
  })
})

test('a refusal is an outcome, with its code', async () => {
  expect(await outcomeOf(401, '{"error":"who?","code":"unauthorized","padding":"AAAA"}')).toEqual({
    accepted: false,
    status: 401,
    days: [],
    code: 'unauthorized',
    error: 'who?',
  })
})

test('an answer that is no JSON of the API is none', async () => {
  await expect(outcomeOf(200, '<html>')).rejects.toMatchObject({
    code: 'phone_unexpected_response',
  })
  await expect(outcomeOf(200, '{"days":[{"day":"monday"}]}')).rejects.toMatchObject({
    code: 'phone_unexpected_response',
  })
})
