import { readFileSync } from 'node:fs'

interface Outcome {
  revokedVersions: string[]
  insertedVersions: string[]
  error: string | null
}

interface UpdateVector {
  name: string
  description: string
  /** Null where there is only a status. */
  responseBody: string | null
  httpStatus?: number
  databaseKeys: { version: string; publicKeyPem: string; from: string; thru: string | null }[]
  /** What the reference server does. */
  expect: Outcome
  /** What we do instead, and why. */
  wanted?: Outcome
  wantedReason?: string
}

interface JwksVectors {
  conversionCases: { name: string; jwk: object; pem: string; comparisonForm: string }[]
  updateCases: UpdateVector[]
}

export const jwksVectors: JwksVectors = JSON.parse(
  readFileSync(new URL('../../testdata/publish-jwks.json', import.meta.url), 'utf8'),
)
