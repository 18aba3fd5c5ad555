import { readFileSync } from 'node:fs'
import type { HealthAuthority } from '@ens/domain'
import { aHealthAuthority, OCTOBER_5_NOON } from '@ens/domain/testing'
import { isAppError } from '@ens/errors'
import { describe, expect, test } from 'vitest'
import { createStatsVerifier } from './stats-verifier.ts'
import { freshKeyPair, nested, signCertificate, signClaimsText } from './testing.ts'

interface Case {
  name: string
  description: string
  authorization: string
  enableStats: boolean
  expect: { httpStatus: number; code: string | null; error: string | null }
}

interface Vectors {
  now: string
  statsAudience: string
  healthAuthority: {
    id: number
    iss: string
    aud: string
    keys: { version: string; from: string; thru: string | null; publicKeyPem: string }[]
  }
  statsTokenCases: Case[]
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../testdata/publish-certificate.json', import.meta.url), 'utf8'),
)

describe('stats tokens are accepted and refused as on the reference server', () => {
  test.each(vectors.statsTokenCases)('$name: $description', async (given) => {
    const authority = authorityFrom(vectors, given.enableStats)
    const verify = createStatsVerifier({
      findHealthAuthority: async (issuer) => (issuer === authority.issuer ? authority : undefined),
      now: () => new Date(vectors.now),
      audience: vectors.statsAudience,
    })
    const outcome = await outcomeOf(verify(given.authorization || undefined))
    expect(outcome).toEqual(
      given.expect.code === null
        ? { authority }
        : { kind: 'unauthenticated', code: 'unauthorized', reason: given.expect.error?.trimEnd() },
    )
  })
})

test('an authority that cannot be looked up is unavailable, and the token is not blamed', async () => {
  const { privateKey } = freshKeyPair()
  const verify = createStatsVerifier({
    findHealthAuthority: () => Promise.reject(new Error('connection refused')),
    now: () => OCTOBER_5_NOON,
    audience: 'keyserver',
  })
  const claims = { iss: 'gov.example', aud: 'keyserver' }
  const token = signCertificate({ claims, privateKey, kid: 'v1' })
  expect(await outcomeOf(verify(`Bearer ${token}`))).toMatchObject({ kind: 'unavailable' })
})

test('claims that only certificates have may be anything in a stats token', async () => {
  const { privateKey, publicKeyPem } = freshKeyPair()
  const authority = aHealthAuthority({
    keys: [{ version: 'v1', publicKey: publicKeyPem, from: new Date(0), thru: undefined }],
  })
  const verify = createStatsVerifier({
    findHealthAuthority: async () => authority,
    now: () => OCTOBER_5_NOON,
    audience: 'keyserver',
  })
  const claims = { iss: 'gov.example', aud: 'keyserver', reportType: 7, tekmac: [] }
  const token = signCertificate({ claims, privateKey, kid: 'v1' })
  expect(await outcomeOf(verify(`Bearer ${token}`))).toEqual({ authority })
})

test.each([
  [400, 'accepted', {}],
  [1000, 'refused', { kind: 'unauthenticated', code: 'unauthorized' }],
  [3000, 'refused', { kind: 'unauthenticated', code: 'unauthorized' }],
])('a stats token whose claims are nested %d levels deep is %s', async (levels, _, outcome) => {
  const { privateKey, publicKeyPem } = freshKeyPair()
  const authority = aHealthAuthority({
    keys: [{ version: 'v1', publicKey: publicKeyPem, from: new Date(0), thru: undefined }],
  })
  const verify = createStatsVerifier({
    findHealthAuthority: async () => authority,
    now: () => OCTOBER_5_NOON,
    audience: 'keyserver',
  })
  const text = `{"iss":"gov.example","aud":"keyserver","extra":${nested(levels)}}`
  const wanted = 'kind' in outcome ? outcome : { authority }
  for (const sent of [text, `${text} and more`]) {
    const token = signClaimsText({ text: sent, privateKey, kid: 'v1' })
    expect(await outcomeOf(verify(`Bearer ${token}`))).toMatchObject(wanted)
  }
})

async function outcomeOf(verified: Promise<HealthAuthority>) {
  try {
    return { authority: await verified }
  } catch (error) {
    if (!isAppError(error)) throw error
    return { kind: error.kind, code: error.code, reason: error.message }
  }
}

function authorityFrom({ healthAuthority: given }: Vectors, enableStats: boolean): HealthAuthority {
  return aHealthAuthority({
    id: given.id,
    issuer: given.iss,
    audience: given.aud,
    enableStats,
    keys: given.keys.map((key) => ({
      version: key.version,
      publicKey: key.publicKeyPem,
      from: new Date(key.from),
      thru: key.thru === null ? undefined : new Date(key.thru),
    })),
  })
}
