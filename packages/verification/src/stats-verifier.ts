import type { HealthAuthority, HealthAuthorityKey } from '@ens/domain'
import { readStatsClaims, type StatsClaims } from './claims.ts'
import { statsTokenInvalid } from './errors.ts'
import { type FindHealthAuthority, findActiveKey, getHealthAuthority } from './find-authority.ts'
import { type SignatureCheck, signatureChecker } from './signature.ts'
import { expiredText, timeFaults } from './times.ts'
import { type ParsedToken, parseToken, requireEs256 } from './token.ts'

export interface StatsVerifierDeps {
  findHealthAuthority: FindHealthAuthority
  now: () => Date
  /** The `aud` of these tokens; the authority's own audience is for its certificates only. */
  audience: string
}

/**
 * Resolves to the authority that may read its statistics, from the header `Authorization`. Throws
 * `unauthorized`, or `health_authority_unavailable` if that could not be found out.
 */
export type VerifyStatsToken = (authorization: string | undefined) => Promise<HealthAuthority>

const SCHEME = 'Bearer '

export function createStatsVerifier(deps: StatsVerifierDeps): VerifyStatsToken {
  const checkSignature = signatureChecker()
  return async (authorization) => {
    const token = parseToken(bearerToken(authorization), readStatsClaims, refuse)
    requireEs256(token, refuse)
    const kid = requireKid(token)
    const issuer = token.claims.iss
    const authority = await getHealthAuthority(deps.findHealthAuthority, issuer, refuse)
    if (!authority.enableStats) throw refuse('API access forbidden')
    const at = deps.now()
    const key = findActiveKey(authority, kid, at)
    if (!key) throw refuse(`key not found: kid: ${kid.slice(0, 64)} iss: ${authority.issuer}`)
    await requireSignedInTime(token, key, at, checkSignature)
    if (token.claims.aud === deps.audience) return authority
    throw statsTokenInvalid('unauthorized, audience mismatch')
  }
}

function refuse(reason: string): Error {
  return statsTokenInvalid(`unauthorized: ${reason}`)
}

function bearerToken(authorization: string | undefined): string {
  if (authorization?.startsWith(SCHEME)) return authorization.slice(SCHEME.length)
  throw statsTokenInvalid('Authorization header is not in `Bearer <token>` format')
}

function requireKid({ kid }: ParsedToken<StatsClaims>): string {
  if (kid === undefined) throw refuse("missing 'kid' header in token")
  if (typeof kid !== 'string') throw refuse("invalid 'kid' field in token")
  return kid
}

async function requireSignedInTime(
  token: ParsedToken<StatsClaims>,
  key: HealthAuthorityKey,
  at: Date,
  checkSignature: SignatureCheck,
): Promise<void> {
  const fault = await checkSignature(token, key)
  if (fault !== undefined) throw refuse(fault)
  const { expiredBySeconds, issuedInFuture, notYetValid } = timeFaults(token.claims, at)
  if (notYetValid) throw refuse('token is not valid yet')
  if (issuedInFuture) throw refuse('Token used before issued')
  if (expiredBySeconds !== undefined) throw refuse(expiredText(expiredBySeconds))
}
