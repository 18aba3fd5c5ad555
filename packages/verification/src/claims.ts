import { foldName, parseJson, scanJson } from '@ens/api'

/** Makes the error that a token is refused with. The reason is for people, and quotes no credential. */
export type Refuse = (reason: string) => Error

/** What each claim is on the wire. An absent claim has its zero value; times are whole seconds since 1970. */
type ClaimType = 'text' | 'int64' | 'uint32'

export interface TimeClaims {
  exp: number
  iat: number
  nbf: number
}

export interface StatsClaims extends TimeClaims {
  iss: string
  aud: string
}

export interface CertificateClaims extends StatsClaims {
  reportType: string
  symptomOnsetInterval: number
  tekmac: string
}

const STATS_CLAIMS: ClaimTypes<StatsClaims> = {
  iss: 'text',
  aud: 'text',
  exp: 'int64',
  iat: 'int64',
  nbf: 'int64',
}

const CERTIFICATE_CLAIMS: ClaimTypes<CertificateClaims> = {
  ...STATS_CLAIMS,
  reportType: 'text',
  symptomOnsetInterval: 'uint32',
  tekmac: 'text',
}

export const readStatsClaims = claimsReader(STATS_CLAIMS)
export const readCertificateClaims = claimsReader(CERTIFICATE_CLAIMS)

type ClaimTypes<Claims> = { readonly [Name in keyof Claims]: ClaimType }

export type ClaimsReader<Claims> = (json: string, refuse: Refuse) => Claims

const INTEGER_RANGES = {
  int64: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
  uint32: { min: 0n, max: 2n ** 32n - 1n },
}

/** Reads claims as request bodies are read: names in any case, null is absent, others are ignored. */
function claimsReader<Claims>(types: ClaimTypes<Claims>): ClaimsReader<Claims> {
  const claims = Object.entries<ClaimType>(types).map(([name, type]) => ({ name, type }))
  const byFoldedName = new Map(claims.map((claim) => [foldName(claim.name), claim]))
  const absent = Object.fromEntries(claims.map(({ name, type }) => [name, zeroOf(type)]))
  return (json, refuse) => {
    const read: Record<string, string | number> = { ...absent }
    for (const [name, value] of membersOf(json, refuse)) {
      const claim = byFoldedName.get(foldName(name))
      if (claim && value !== null) read[claim.name] = readClaim(value, claim.type, refuse)
    }
    return read as Claims
  }
}

function zeroOf(type: ClaimType): string | number {
  return type === 'text' ? '' : 0
}

function membersOf(json: string, refuse: Refuse): [string, unknown][] {
  const document = parseFirstValue(json, refuse)
  if (document === null) return []
  if (jsonType(document) !== 'object') throw refuse(mismatch(document))
  return Object.entries(document as object)
}

/** Text behind the first value is part of what was signed, but not of the claims. */
function parseFirstValue(json: string, refuse: Refuse): unknown {
  const whole = tryParse(json)
  if (whole !== undefined) return whole
  const scan = scanJson(json)
  const first = scan.is === 'complete' ? tryParse(json.slice(0, scan.end)) : undefined
  if (first === undefined) throw refuse('the claims are malformed JSON')
  return first
}

/** Undefined if the text is not JSON, or nested too deeply; no JSON document is undefined itself. */
function tryParse(json: string): unknown {
  try {
    return parseJson(json)
  } catch {
    return undefined
  }
}

function readClaim(value: unknown, type: ClaimType, refuse: Refuse): string | number {
  if (type === 'text') {
    if (typeof value === 'string') return value.toWellFormed()
    throw refuse(mismatch(value))
  }
  const { min, max } = INTEGER_RANGES[type]
  const isInteger = typeof value === 'bigint' || Number.isSafeInteger(value)
  if (!isInteger || (value as number) < min || (value as number) > max)
    throw refuse(mismatch(value))
  // Beyond 2^53 the last digits of a time are lost, which no comparison with today can notice.
  return Number(value)
}

function mismatch(value: unknown): string {
  return `json: cannot unmarshal ${jsonType(value)}`
}

function jsonType(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'bigint' ? 'number' : typeof value
}
