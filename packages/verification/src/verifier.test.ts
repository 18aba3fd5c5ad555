import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { AuthorizedApp, HealthAuthority, SentKey, VerifiedClaims } from '@ens/domain'
import { aHealthAuthority, anAuthorizedApp, OCTOBER_5_NOON } from '@ens/domain/testing'
import { isAppError } from '@ens/errors'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calculateHmac } from './hmac.ts'
import { issueCertificate } from './issue-certificate.ts'
import { freshKeyPair, nested, signCertificate, signClaimsText, tekmacOf } from './testing.ts'
import { certificateFault, createVerifier } from './verifier.ts'

interface Case {
  name: string
  description: string
  verificationPayload: string
  hmacKey: string
  temporaryExposureKeys: Partial<SentKey>[]
  allowedHealthAuthorityIds: number[]
  expect:
    | {
        valid: true
        claims: Omit<VerifiedClaims, 'healthAuthorityId'> & { healthAuthorityID: number }
      }
    | { valid: false; error: string; errorTextExact: boolean }
}

interface Vectors {
  now: string
  appPackageName: string
  healthAuthority: {
    id: number
    iss: string
    aud: string
    name: string
    enableStats: boolean
    keys: { version: string; from: string; thru: string | null; publicKeyPem: string }[]
  }
  certificateCases: Case[]
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../testdata/publish-certificate.json', import.meta.url), 'utf8'),
)

describe('certificates are accepted and refused as on the reference server', () => {
  const authority = authorityFrom(vectors)
  const verify = createVerifier({
    findHealthAuthority: async (issuer) => (issuer === authority.issuer ? authority : undefined),
    now: () => new Date(vectors.now),
  })

  test.each(vectors.certificateCases)('$name: $description', async (given) => {
    const outcome = await outcomeOf(
      verify({
        certificate: given.verificationPayload,
        hmacKey: given.hmacKey,
        keys: given.temporaryExposureKeys.map(sentKey),
        app: anAuthorizedApp({
          name: vectors.appPackageName,
          allowedHealthAuthorityIds: given.allowedHealthAuthorityIds,
        }),
      }),
    )
    expect(outcome).toEqual(wantedOutcome(given))
  })
})

const PREFIX = 'unable to validate diagnosis verification: '
const CODE = 'health_authority_verification_certificate_invalid'

function wantedOutcome({ expect: wanted }: Case): Outcome {
  if (wanted.valid) {
    const { healthAuthorityID: healthAuthorityId, ...claims } = wanted.claims
    return { claims: { healthAuthorityId, ...claims } }
  }
  const reason = PREFIX + wanted.error
  return {
    kind: 'unauthenticated',
    code: CODE,
    reason: wanted.errorTextExact ? reason : startsWith(reason),
  }
}

const { privateKey, publicKeyPem } = freshKeyPair()
const KEYS = [
  {
    key: 'IRgYIhYiy4WMl9z68bMk6w==',
    rollingStartNumber: 2_669_616,
    rollingPeriod: 144,
    transmissionRisk: 0,
  },
]
const HMAC_KEY = 'AQIDBAUGBwgJCgsMDQ4PEA=='
const NOW_SECONDS = OCTOBER_5_NOON.getTime() / 1000

const CLAIMS = {
  iss: 'gov.example',
  aud: 'exposure-notifications-service',
  iat: NOW_SECONDS,
  exp: NOW_SECONDS + 300,
  reportType: 'confirmed',
  tekmac: tekmacOf(KEYS, HMAC_KEY),
}

function exampleAuthority(publicKey = publicKeyPem): HealthAuthority {
  return aHealthAuthority({
    keys: [{ version: 'v1', publicKey, from: new Date(0), thru: undefined }],
  })
}

function verifierOf(authority: HealthAuthority, now = OCTOBER_5_NOON) {
  return createVerifier({ findHealthAuthority: async () => authority, now: () => now })
}

function offering(claims: object, app: AuthorizedApp = anAuthorizedApp()) {
  const certificate = signCertificate({ claims, privateKey, kid: 'v1' })
  return { certificate, hmacKey: HMAC_KEY, keys: KEYS, app }
}

test('what a verification server issues is accepted, and what it says arrives', async () => {
  const certificate = issueCertificate({
    issuer: 'gov.example',
    audience: 'exposure-notifications-service',
    keyId: 'v1',
    privateKey,
    reportType: 'likely',
    symptomOnsetInterval: 2_669_472,
    hmac: calculateHmac(KEYS, Buffer.from(HMAC_KEY, 'base64')),
    issuedAt: OCTOBER_5_NOON,
    lifetimeMs: 300_000,
  })
  const offer = { certificate, hmacKey: HMAC_KEY, keys: KEYS, app: anAuthorizedApp() }
  const claims = { healthAuthorityId: 1, reportType: 'likely', symptomOnsetInterval: 2_669_472 }
  expect(await outcomeOf(verifierOf(exampleAuthority())(offer))).toEqual({ claims })
  const later = new Date(OCTOBER_5_NOON.getTime() + 301_000)
  expect(await outcomeOf(verifierOf(exampleAuthority(), later)(offer))).toMatchObject({
    code: CODE,
  })
})

test('an authority that cannot be looked up is unavailable, and the certificate is not blamed', async () => {
  const failure = new Error('connection to db.internal:5432 refused')
  const verify = createVerifier({
    findHealthAuthority: () => Promise.reject(failure),
    now: () => OCTOBER_5_NOON,
  })
  expect(await outcomeOf(verify(offering(CLAIMS)))).toEqual({
    kind: 'unavailable',
    code: 'health_authority_unavailable',
    reason: 'the health authority could not be looked up',
  })
  await expect(verify(offering(CLAIMS))).rejects.toHaveProperty('cause', failure)
})

test.each([
  ['is no PEM', 'broken'],
  ['is an RSA key', rsaPublicKey()],
])(
  'a stored key that %s is unavailable, and the certificate is not blamed',
  async (_, publicKey) => {
    const verify = verifierOf(exampleAuthority(publicKey))
    expect(await outcomeOf(verify(offering(CLAIMS)))).toMatchObject({ kind: 'unavailable' })
  },
)

test.each<[string, object, HealthAuthority, string | undefined]>([
  ['issued in the future', { iat: NOW_SECONDS + 60 }, exampleAuthority(), 'not-yet-valid'],
  [
    'issued in the future, and by somebody else',
    { iat: NOW_SECONDS + 60 },
    exampleAuthority(freshKeyPair().publicKeyPem),
    undefined,
  ],
  ['of a key that is not here', {}, aHealthAuthority({ keys: [] }), 'no-public-key'],
  ['that has expired', { exp: NOW_SECONDS - 1 }, exampleAuthority(), undefined],
])(
  'a certificate %s is told apart for operators where clocks or configuration are at fault',
  async (_, claims, authority, fault) => {
    const refusal = await verifierOf(authority)(offering({ ...CLAIMS, ...claims })).catch(
      (error: Error) => error,
    )
    expect(refusal).toMatchObject({ code: CODE })
    expect(certificateFault(refusal as Error)).toBe(fault)
  },
)

test('a key on another curve verifies nothing', async () => {
  const verify = verifierOf(exampleAuthority(p384PublicKey()))
  expect(await outcomeOf(verify(offering(CLAIMS)))).toMatchObject({ code: CODE })
})

test('an issuer with a NUL is unknown, and nobody is asked for it', async () => {
  const verify = createVerifier({
    findHealthAuthority: () => Promise.reject(new Error('asked')),
    now: () => OCTOBER_5_NOON,
  })
  const offer = offering({ ...CLAIMS, iss: 'gov\0example' })
  expect(await outcomeOf(verify(offer))).toMatchObject({ kind: 'unauthenticated', code: CODE })
})

test('no reason grows with what was sent', async () => {
  const long = 'x'.repeat(50_000)
  const verify = verifierOf(exampleAuthority())
  for (const claims of [
    { ...CLAIMS, aud: long },
    { ...CLAIMS, reportType: long },
  ]) {
    const outcome = await outcomeOf(verify(offering(claims)))
    expect(outcome.code).toBe(CODE)
    expect(outcome.reason?.length).toBeLessThan(400)
  }
})

test('a certificate of one authority cannot be used with keys of another that shares its kid', async () => {
  const other = freshKeyPair()
  const verify = verifierOf(exampleAuthority(other.publicKeyPem))
  expect(await outcomeOf(verify(offering(CLAIMS)))).toMatchObject({ code: CODE })
})

test('no bit of a certificate can be changed unnoticed', async () => {
  const verify = verifierOf(exampleAuthority())
  const offer = offering(CLAIMS)
  const signatureEnd = offer.certificate.length - 1 // its last character holds unused bits
  await fc.assert(
    fc.asyncProperty(
      fc.nat(signatureEnd - 1),
      fc.string({ minLength: 1, maxLength: 1 }),
      async (at, other) => {
        fc.pre(other !== offer.certificate[at])
        const certificate = offer.certificate.slice(0, at) + other + offer.certificate.slice(at + 1)
        expect(await outcomeOf(verify({ ...offer, certificate }))).toMatchObject({ code: CODE })
      },
    ),
    { numRuns: runs(500) },
  )
})

test('claims that are ignored may be nested deeply', async () => {
  const verify = verifierOf(exampleAuthority())
  expect(await outcomeOf(verify(offeringText(withExtraClaim(nested(400)))))).toHaveProperty(
    'claims',
  )
})

test.each([1000, 3000, 20_000])(
  'claims nested %d levels deep are refused, with text behind them or without',
  async (levels) => {
    const text = withExtraClaim(nested(levels))
    for (const sent of [text, `${text} and more`]) {
      const outcome = await outcomeOf(verifierOf(exampleAuthority())(offeringText(sent)))
      expect(outcome).toMatchObject({ kind: 'unauthenticated', code: CODE })
    }
  },
)

test('whatever text is signed as claims, the certificate is accepted or refused', async () => {
  const verify = verifierOf(exampleAuthority())
  const extra = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'{}[]",:-01.e \\') }),
    fc.integer({ min: 0, max: 25_000 }).map(nested),
  )
  const behind = fc.constantFrom('', ' ', '}', 'x')
  await fc.assert(
    fc.asyncProperty(extra, behind, async (value, rest) => {
      const outcome = await outcomeOf(verify(offeringText(withExtraClaim(value) + rest)))
      expect(outcome.claims !== undefined || outcome.code === CODE).toBe(true)
    }),
    { numRuns: runs(300) },
  )
})

test('whatever is signed as claims, the certificate is accepted or refused', async () => {
  const names = fc.constantFrom(
    ...Object.keys(CLAIMS),
    'nbf',
    'TEKMAC',
    '__proto__',
    'symptomOnsetInterval',
  )
  const claims = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(names, fc.jsonValue()).map((odd) => ({ ...CLAIMS, ...odd })),
  )
  const verify = verifierOf(exampleAuthority())
  await fc.assert(
    fc.asyncProperty(claims, async (odd) => {
      const outcome = await outcomeOf(verify(offering(odd as object)))
      expect(outcome.claims !== undefined || outcome.code === CODE).toBe(true)
    }),
    { numRuns: runs(500) },
  )
})

test('no text can do more than be refused', async () => {
  const verify = verifierOf(exampleAuthority())
  const segment = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
    fc.constant(Buffer.from('{"alg":"ES256","kid":"v1"}').toString('base64url')),
  )
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(segment, { maxLength: 4 }).map((s) => s.join('.')),
  )
  await fc.assert(
    fc.asyncProperty(texts, async (certificate) => {
      const outcome = await outcomeOf(verify({ ...offering(CLAIMS), certificate }))
      expect(outcome.code).toBe(CODE)
    }),
    { numRuns: runs(1000) },
  )
})

function offeringText(text: string) {
  const certificate = signClaimsText({ text, privateKey, kid: 'v1' })
  return { ...offering(CLAIMS), certificate }
}

/** Claims that are in order, with one that nobody reads before them. */
function withExtraClaim(value: string): string {
  return `{"extra":${value},${JSON.stringify(CLAIMS).slice(1)}`
}

interface Outcome {
  claims?: VerifiedClaims
  kind?: string
  code?: string
  reason?: string
}

async function outcomeOf(verified: Promise<VerifiedClaims>): Promise<Outcome> {
  try {
    return { claims: await verified }
  } catch (error) {
    if (!isAppError(error)) throw error
    return { kind: error.kind, code: error.code, reason: error.message }
  }
}

function startsWith(text: string): string {
  return expect.stringMatching(new RegExp(`^${text.replace(/[^\w ]/g, '\\$&')}`))
}

function sentKey(sent: Partial<SentKey>): SentKey {
  return { key: '', rollingStartNumber: 0, rollingPeriod: 0, transmissionRisk: 0, ...sent }
}

function rsaPublicKey(): string {
  const { publicKey: key } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

function p384PublicKey(): string {
  const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

function authorityFrom({ healthAuthority: given }: Vectors): HealthAuthority {
  return {
    id: given.id,
    issuer: given.iss,
    audience: given.aud,
    name: given.name,
    enableStats: given.enableStats,
    keys: given.keys.map((key) => ({
      version: key.version,
      publicKey: key.publicKeyPem,
      from: new Date(key.from),
      thru: key.thru === null ? undefined : new Date(key.thru),
    })),
  }
}
