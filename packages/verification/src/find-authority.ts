import type { HealthAuthority, HealthAuthorityKey } from '@ens/domain'
import { isKeyValid } from '@ens/domain'
import type { Refuse } from './claims.ts'
import { healthAuthorityUnavailable } from './errors.ts'

/** Undefined if no such issuer is accepted; whatever it throws counts as a fault of ours. */
export type FindHealthAuthority = (issuer: string) => Promise<HealthAuthority | undefined>

/** Longer issuers are cut where a reason names them. */
const QUOTED_LENGTH = 128

/** The authority that a token claims to come from. The claim has not been verified when this is called. */
export async function getHealthAuthority(
  find: FindHealthAuthority,
  issuer: string,
  refuse: Refuse,
): Promise<HealthAuthority> {
  // No stored text holds U+0000, and the database would take the question for a mistake of ours.
  const authority = issuer.includes('\0') ? undefined : await lookUp(find, issuer)
  if (authority) return authority
  throw refuse(`issuer not found: ${issuer.slice(0, QUOTED_LENGTH)}`)
}

export function findActiveKey(
  authority: HealthAuthority,
  kid: unknown,
  at: Date,
): HealthAuthorityKey | undefined {
  return authority.keys.find((key) => key.version === kid && isKeyValid(key, at))
}

async function lookUp(
  find: FindHealthAuthority,
  issuer: string,
): Promise<HealthAuthority | undefined> {
  try {
    return await find(issuer)
  } catch (cause) {
    throw healthAuthorityUnavailable('the health authority could not be looked up', { cause })
  }
}
