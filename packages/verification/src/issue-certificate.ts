import { type KeyObject, sign } from 'node:crypto'
import type { ReportType } from '@ens/domain'

/** A health authority's side: what it signs after it has made sure of a diagnosis. */
export interface CertificateRequest {
  issuer: string
  audience: string
  /** Which of the issuer's public keys verifies the signature. */
  keyId: string
  /** ECDSA on P-256. */
  privateKey: KeyObject
  reportType: ReportType
  /** The ten-minute interval of the first symptoms, if known. */
  symptomOnsetInterval?: number | undefined
  /** From `calculateHmac`, made by the phone with a secret of its own. */
  hmac: Uint8Array
  issuedAt: Date
  /** Minutes are usual; the phone publishes at once. */
  lifetimeMs: number
}

/** A certificate as verification servers issue it: valid from the second before, for a short time. */
export function issueCertificate(request: CertificateRequest): string {
  const iat = Math.floor(request.issuedAt.getTime() / 1000)
  const claims = {
    iss: request.issuer,
    aud: request.audience,
    iat,
    nbf: iat - 1,
    exp: iat + Math.ceil(request.lifetimeMs / 1000),
    reportType: request.reportType,
    symptomOnsetInterval: request.symptomOnsetInterval,
    tekmac: Buffer.from(request.hmac).toString('base64'),
  }
  return signToken({ claims, privateKey: request.privateKey, keyId: request.keyId })
}

/** Signs any claims with ES256 as a compact JWS (RFC 7515). */
export function signToken(token: { claims: object; privateKey: KeyObject; keyId: string }): string {
  const header = { alg: 'ES256', kid: token.keyId, typ: 'JWT' }
  return signSegments(JSON.stringify(header), JSON.stringify(token.claims), token.privateKey)
}

/** Signs a header and claims as they are written. */
export function signSegments(header: string, claims: string, privateKey: KeyObject): string {
  const signedText = `${segment(header)}.${segment(claims)}`
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
  const signature = sign('sha256', Buffer.from(signedText), key)
  return `${signedText}.${signature.toString('base64url')}`
}

function segment(text: string): string {
  return Buffer.from(text).toString('base64url')
}
