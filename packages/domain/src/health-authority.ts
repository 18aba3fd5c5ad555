import type { ReportType } from './report-type.ts'

/** An issuer whose verification certificates we accept. */
export interface HealthAuthority {
  id: number
  /** The `iss` of its certificates; compared exactly. */
  issuer: string
  /** The `aud` of its certificates. */
  audience: string
  name: string
  /** Where its public keys are fetched from; undefined when they are entered by hand. */
  jwksUri?: string | undefined
  enableStats: boolean
  keys: HealthAuthorityKey[]
}

export interface HealthAuthorityKey {
  /** The `kid` that names this key in a certificate. */
  version: string
  /** SPKI PEM. */
  publicKey: string
  from: Date
  thru: Date | undefined
}

/** What a certificate proves about the keys that came with it. */
export interface VerifiedClaims {
  healthAuthorityId: number
  reportType: ReportType
  /** Unsigned 32 bits as the authority wrote it; 0 is none. Whether it is plausible is decided later. */
  symptomOnsetInterval: number
}

/** Both ends are exclusive: a key is not yet valid at `from`, and no longer at `thru`. */
export function isKeyValid(key: HealthAuthorityKey, at: Date): boolean {
  return key.from < at && (key.thru === undefined || key.thru > at)
}

/** The `thru` that ends a key now; a key that has not begun yet ends where it would have begun. */
export function revocationTime(key: HealthAuthorityKey, now: Date): Date {
  return now <= key.from ? key.from : now
}
