import { scanJson } from '@ens/api'
import { base64UrlFault, decodeBase64Url } from '@ens/domain'
import type { ClaimsReader, Refuse } from './claims.ts'

/** A compact JWS whose parts can be read. Nothing about it has been verified. */
export interface ParsedToken<Claims> {
  alg: string
  /** Of any type; undefined only if the header has none. */
  kid: unknown
  claims: Claims
  /** The bytes that were signed. */
  signedText: string
  /** As sent; read only when the signature is checked. */
  signatureSegment: string
}

/** Named by RFC 7518, though only ES256 is accepted; others are refused as not being algorithms at all. */
const ALGORITHMS = new Set(
  'HS256 HS384 HS512 RS256 RS384 RS512 ES256 ES384 ES512 PS256 PS384 PS512 EdDSA none'.split(' '),
)

/** Takes a token apart, or throws what `refuse` makes of the reason. */
export function parseToken<Claims>(
  token: string,
  readClaims: ClaimsReader<Claims>,
  refuse: Refuse,
): ParsedToken<Claims> {
  const [header = '', payload = '', signatureSegment, ...more] = token.split('.', 4)
  if (signatureSegment === undefined || more.length > 0) {
    throw refuse('token contains an invalid number of segments')
  }
  if (token.slice(0, 7).toLowerCase() === 'bearer ') {
    throw refuse("tokenstring should not contain 'bearer '")
  }
  const members = readHeader(decodeSegment(header, refuse), refuse)
  const claims = readClaims(decodeSegment(payload, refuse), refuse)
  return {
    alg: requireAlgorithm(members, refuse),
    kid: memberOf(members, 'kid'),
    claims,
    signedText: token.slice(0, header.length + 1 + payload.length),
    signatureSegment,
  }
}

/** Throws unless the algorithm is the one that health authorities sign with. */
export function requireEs256({ alg }: ParsedToken<unknown>, refuse: Refuse): void {
  if (alg !== 'ES256') throw refuse('unsupported signing method, must be ES256')
}

function decodeSegment(segment: string, refuse: Refuse): string {
  const bytes = decodeBase64Url(segment)
  if (!bytes) throw refuse(base64UrlFault(segment))
  return bytes.toString('utf8')
}

/** Exactly one JSON object (or null, which has no members); its names are case-sensitive. */
function readHeader(json: string, refuse: Refuse): object {
  const header = parseHeader(json, refuse)
  if (header === null) return {}
  if (typeof header === 'object' && !Array.isArray(header)) return header
  throw refuse('the header is not a JSON object')
}

function parseHeader(json: string, refuse: Refuse): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw refuse(headerFault(json))
  }
}

function headerFault(json: string): string {
  const scan = scanJson(json)
  if (scan.is !== 'complete') return 'the header is malformed JSON'
  const [next = ''] = json.slice(scan.end).trimStart()
  return `invalid character '${next}' after top-level value`
}

function requireAlgorithm(header: object, refuse: Refuse): string {
  const alg = memberOf(header, 'alg')
  if (typeof alg !== 'string') throw refuse('signing method (alg) is unspecified.')
  if (!ALGORITHMS.has(alg)) throw refuse('signing method (alg) is unavailable.')
  return alg
}

function memberOf(header: object, name: string): unknown {
  return Object.hasOwn(header, name) ? (header as Record<string, unknown>)[name] : undefined
}
