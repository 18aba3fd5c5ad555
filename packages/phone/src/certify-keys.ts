import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto'
import type { ReportType, SentKey } from '@ens/domain'
import { calculateHmac, issueCertificate } from '@ens/verification'
import type { RandomBytes } from './make-keys.ts'

/** A verification server: who it is, and the key it signs with. */
export interface Issuer {
  issuer: string
  audience: string
  /** Which of the issuer's public keys verifies the signature. */
  keyId: string
  /** ECDSA on P-256; PEM or the key itself. */
  privateKey: KeyObject | string
}

/** What a verification server vouches for. */
export interface Diagnosis {
  reportType: ReportType
  symptomOnsetInterval?: number
}

export interface CertificateOptions {
  now: Date
  /** From now on; five minutes if not said. */
  lifetimeMs?: number
}

/** What a publish carries of a certificate, under its names. */
export interface Certificate {
  /** The JWT. */
  verificationPayload: string
  /** In base64. */
  hmacKey: string
}

const HMAC_KEY_LENGTH = 16
const LIFETIME_MS = 5 * 60_000

/** The certificate for these keys under a new HMAC key, as phone and verification server make it together. */
export function certifyKeys(
  issuer: Issuer,
  diagnosis: Diagnosis,
  keys: readonly SentKey[],
  options: CertificateOptions & { random?: RandomBytes },
): Certificate {
  const hmacKey = (options.random ?? randomBytes)(HMAC_KEY_LENGTH)
  return {
    verificationPayload: certifyHmac(issuer, diagnosis, calculateHmac(keys, hmacKey), options),
    hmacKey: hmacKey.toString('base64'),
  }
}

/** The verification server's part alone: it sees an HMAC, never the keys. */
export function certifyHmac(
  issuer: Issuer,
  diagnosis: Diagnosis,
  hmac: Uint8Array,
  { now, lifetimeMs = LIFETIME_MS }: CertificateOptions,
): string {
  const { privateKey } = issuer
  return issueCertificate({
    ...issuer,
    ...diagnosis,
    privateKey: typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey,
    hmac,
    issuedAt: now,
    lifetimeMs,
  })
}
