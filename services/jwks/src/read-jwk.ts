import { createPublicKey, type KeyObject } from 'node:crypto'
import { publicKeyToPem } from '@ens/keys'
import { jwksDocumentInvalid } from './errors.ts'

/** A key of a document that certificates can be verified with. */
export interface ListedKey {
  /** Its kid; empty where the document gives none. */
  version: string
  /** SPKI PEM, without white space around it. */
  publicKey: string
}

/** A key of a document that we have no use for. */
export interface UnusableKey {
  version: string
  /** Reads on from "one …". */
  reason: string
}

/** Members that hold private or secret parts (RFC 7518, section 6). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const LONGEST_VERSION = 256
const COORDINATE_BYTES = 32
const BASE64URL = /^[A-Za-z0-9_-]+$/

/** Reads one JWK (RFC 7517); throws `jwks_document_invalid`, which names the key by `where` and quotes nothing of it. */
export function readJwk(element: unknown, where: string): ListedKey | UnusableKey {
  const refuse = (what: string) => jwksDocumentInvalid(`${where} ${what}`)
  if (typeof element !== 'object' || element === null) throw refuse('is not an object')
  const jwk: Partial<Record<string, unknown>> = element
  if (typeof jwk.kty !== 'string') throw refuse('has no key type')
  if (SECRET_MEMBERS.some((name) => jwk[name] !== undefined)) throw refuse('is not only public')
  const version = versionOf(jwk.kid)
  if (version === undefined) throw refuse(`has no text of up to ${LONGEST_VERSION} letters as kid`)
  const reason = unusable(jwk)
  if (reason !== undefined) return { version, reason }
  const key = p256Key(jwk)
  if (!key) throw refuse('is no point of P-256, or not in plain base64url')
  return { version, publicKey: publicKeyToPem(key).trim() }
}

/** Undefined for what cannot be stored, or could never equal the kid of a certificate. */
function versionOf(kid: unknown): string | undefined {
  if (kid === undefined || kid === null) return ''
  if (typeof kid !== 'string' || kid.length > LONGEST_VERSION) return undefined
  return kid.isWellFormed() && !kid.includes('\0') ? kid : undefined
}

/** Why certificates, which are signed with ES256, cannot be verified with it. */
function unusable({ kty, crv }: Partial<Record<string, unknown>>): string | undefined {
  if (kty !== 'EC') return 'is of another type'
  return crv === 'P-256' ? undefined : 'is on another curve'
}

function p256Key({ x, y }: Partial<Record<string, unknown>>): KeyObject | undefined {
  if (!isCoordinate(x) || !isCoordinate(y)) return undefined
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
  } catch {
    return undefined
  }
}

/** Exactly 32 bytes, in the one way to write them. */
function isCoordinate(text: unknown): text is string {
  if (typeof text !== 'string' || !BASE64URL.test(text)) return false
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length === COORDINATE_BYTES && bytes.toString('base64url') === text
}
