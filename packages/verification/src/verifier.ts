import {
  type AuthorizedApp,
  base64Fault,
  decodeBase64,
  type HealthAuthority,
  type HealthAuthorityKey,
  isReportType,
  type ReportType,
  type SentKey,
  type VerifiedClaims,
} from '@ens/domain'
import { type CertificateClaims, readCertificateClaims } from './claims.ts'
import { certificateInvalid } from './errors.ts'
import { type FindHealthAuthority, findActiveKey, getHealthAuthority } from './find-authority.ts'
import { isHmacOf } from './hmac.ts'
import { type SignatureCheck, signatureChecker } from './signature.ts'
import { expiredText, timeFaults } from './times.ts'
import { type ParsedToken, parseToken, requireEs256 } from './token.ts'

export interface VerifierDeps {
  findHealthAuthority: FindHealthAuthority
  now: () => Date
}

/** What a publish offers as proof. */
export interface Certificate {
  /** The JWT, `verificationPayload` on the wire. */
  certificate: string
  /** Base64; empty is a key of no bytes. */
  hmacKey: string
  /** Exactly as sent, in any order. */
  keys: readonly SentKey[]
  app: AuthorizedApp
}

/**
 * Resolves to what the certificate proves. Throws `health_authority_verification_certificate_invalid`
 * if it proves nothing for this app and these keys, and `health_authority_unavailable` if that could
 * not be found out, so that a phone tries again instead of giving up.
 */
export type Verify = (certificate: Certificate) => Promise<VerifiedClaims>

/** Longer values of claims are cut where a reason names them. */
const QUOTED_LENGTH = 128

/** Checks certificates, in this order: form, issuer, audience, key, times and signature, app, report type, HMAC. */
export function createVerifier({ findHealthAuthority, now }: VerifierDeps): Verify {
  const checkSignature = signatureChecker()
  return async ({ certificate, hmacKey, keys, app }) => {
    const token = parseToken(certificate, readCertificateClaims, refuse)
    requireEs256(token, refuse)
    if (token.kid === undefined) {
      throw refuse("missing required header field, 'kid' indicating key id")
    }
    const authority = await getHealthAuthority(findHealthAuthority, token.claims.iss, refuse)
    requireAudience(token.claims, authority)
    const at = now()
    const key = findActiveKey(authority, token.kid, at)
    if (!key) throw refuse('no active public keys for health authority', 'no-public-key')
    await requireSignedInTime(token, key, at, checkSignature)
    requireAuthorization(app, authority)
    const reportType = requireReportType(token.claims)
    requireHmac(token.claims, hmacKey, keys)
    const { symptomOnsetInterval } = token.claims
    return { healthAuthorityId: authority.id, reportType, symptomOnsetInterval }
  }
}

/** What an operator can mend, unlike a certificate that is bad in itself. */
export type CertificateFault = 'not-yet-valid' | 'no-public-key'

const faults = new WeakMap<Error, CertificateFault>()

/**
 * Whether a certificate was refused for a reason that lies in clocks or configuration. `not-yet-valid` was signed by its authority;
 * `no-public-key` may be anybody's invention.
 */
export function certificateFault(refusal: Error): CertificateFault | undefined {
  return faults.get(refusal)
}

function refuse(reason: string, fault?: CertificateFault): Error {
  const refusal = certificateInvalid(`unable to validate diagnosis verification: ${reason}`)
  if (fault) faults.set(refusal, fault)
  return refusal
}

function requireAudience({ aud }: CertificateClaims, { audience, issuer }: HealthAuthority): void {
  if (aud === audience) return
  const sent = aud.slice(0, QUOTED_LENGTH)
  throw refuse(`audience mismatch for issuer: ${issuer} (+${sent}, -${audience})`)
}

/** The signature is checked whatever the times say; a clock ahead of ours is the reason given first. */
async function requireSignedInTime(
  token: ParsedToken<CertificateClaims>,
  key: HealthAuthorityKey,
  at: Date,
  checkSignature: SignatureCheck,
): Promise<void> {
  const fault = await checkSignature(token, key)
  const { expiredBySeconds, issuedInFuture, notYetValid } = timeFaults(token.claims, at)
  if (issuedInFuture || notYetValid)
    throw refuse(
      'not valid yet (NBF or IAT) in the future',
      fault === undefined ? 'not-yet-valid' : undefined,
    )
  if (fault !== undefined) throw refuse(fault)
  if (expiredBySeconds !== undefined) throw refuse(expiredText(expiredBySeconds))
}

/** After the signature, so that nobody can find out which authorities an app works with. */
function requireAuthorization(app: AuthorizedApp, { id, issuer }: HealthAuthority): void {
  if (app.allowedHealthAuthorityIds.includes(id)) return
  throw refuse(`app ${app.name} has not authorized health authority issuer: ${issuer}`)
}

function requireReportType({ reportType }: CertificateClaims): ReportType {
  if (isReportType(reportType)) return reportType
  throw refuse(`invalid report type: ${JSON.stringify(reportType.slice(0, QUOTED_LENGTH))}`)
}

function requireHmac(
  { tekmac }: CertificateClaims,
  hmacKeyText: string,
  keys: readonly SentKey[],
): void {
  const digest = decodeBase64(tekmac)
  if (!digest) throw refuse(`error decoding HMAC from claims: ${base64Fault(tekmac)}`)
  const hmacKey = decodeBase64(hmacKeyText)
  if (!hmacKey) {
    throw refuse(`error decoding HMAC secret from publish request: ${base64Fault(hmacKeyText)}`)
  }
  if (keys.length === 0) {
    throw refuse('calculating expected HMAC: cannot calculate hmac on empty exposure keys')
  }
  if (isHmacOf(digest, keys, hmacKey)) return
  throw refuse('HMAC mismatch, publish request does not match disgnosis verification certificate')
}
