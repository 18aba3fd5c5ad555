import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** What a signature covers: the request as it came over the wire. */
export interface SignedRequest {
  method: string
  /** Path and query, still encoded. */
  target: string
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface SigningParty {
  accessKeyId: string
  secretAccessKey: string
  region: string
  service: string
}

export type SignatureFault =
  | 'missing'
  | 'malformed'
  | 'unknown-key'
  | 'expired'
  | 'wrong-payload'
  | 'wrong'

const ALGORITHM = 'AWS4-HMAC-SHA256'
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/, ]+)\/(\d{8})\/([^/, ]+)\/([^/, ]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/
const LONGEST_SKEW_MS = 15 * 60_000
const UNSIGNED = 'UNSIGNED-PAYLOAD'

/**
 * What is wrong with the signature of a request, or undefined: AWS Signature Version 4 in the Authorization header.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signatureFault(
  request: SignedRequest,
  party: SigningParty,
  now: Date,
): SignatureFault | undefined {
  const { headers } = request
  if (headers.authorization === undefined) return 'missing'
  const [, keyId, day, region, service, names, signature] =
    AUTHORIZATION.exec(headers.authorization) ?? []
  const at = String(headers['x-amz-date'])
  const signed = names?.split(';') ?? []
  if (!day || !signature || !at.startsWith(day) || !coversEnough(signed, headers))
    return 'malformed'
  if (region !== party.region || service !== party.service) return 'malformed'
  if (keyId !== party.accessKeyId) return 'unknown-key'
  if (!(Math.abs(timeOf(at) - now.getTime()) <= LONGEST_SKEW_MS)) return 'expired'
  if (!isPayload(headers, request.body)) return 'wrong-payload'
  const scope = `${day}/${region}/${service}/aws4_request`
  const text = [ALGORITHM, at, scope, sha256(canonical(request, signed, service))].join('\n')
  const expected = hmac(signingKey(party, day), text)
  return timingSafeEqual(expected, Buffer.from(signature, 'hex')) ? undefined : 'wrong'
}

/** The host, and everything that AWS acts on. */
function coversEnough(signed: string[], headers: IncomingHttpHeaders): boolean {
  const acted = Object.keys(headers).filter((name) => name.startsWith('x-amz-'))
  return ['host', ...acted].every((name) => signed.includes(name))
}

/** `20201126T120000Z` in milliseconds; NaN if it is not one. */
function timeOf(at: string): number {
  return Date.parse(at.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))
}

function isPayload(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const declared = headers['x-amz-content-sha256']
  return declared === undefined || declared === UNSIGNED || declared === sha256(body)
}

function canonical(
  { method, target, headers, body }: SignedRequest,
  signed: string[],
  service: string,
): string {
  const [path = '/', query = ''] = target.split('?', 2)
  return [
    method,
    // S3 signs the path as it is sent; every other service encodes it once more.
    service === 's3' ? path : path.split('/').map(encodeURIComponent).join('/'),
    query.split('&').filter(Boolean).map(withEquals).sort().join('&'),
    ...signed.map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signed.join(';'),
    headers['x-amz-content-sha256'] ?? sha256(body),
  ].join('\n')
}

function withEquals(parameter: string): string {
  return parameter.includes('=') ? parameter : `${parameter}=`
}

function signingKey({ secretAccessKey, region, service }: SigningParty, day: string): Buffer {
  return [day, region, service, 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secretAccessKey}`),
  )
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}
