import type { KeyRing } from './key-ring.ts'
import { openSealed, parseToken, sealToken } from './token.ts'
import type { RevisableKey } from './token-data.ts'

export interface RevisionTokensOptions {
  ring: KeyRing
  /** What tokens are bound to; fixed for the life of a deployment, or every token out there is lost. */
  aad: Uint8Array
  /** Every token has room for so many keys. */
  minLength?: number | undefined
}

export interface RevisionTokens {
  /** A token for these keys. Throws `revision_keys_unavailable` if there is no key to seal with. */
  seal(keys: RevisableKey[]): Promise<string>
  /**
   * The keys of a token; undefined if it is not a good one. Throws `revision_keys_unavailable` while that cannot be
   * told: the phone must keep its token and try again.
   */
  open(token: string): Promise<RevisableKey[] | undefined>
}

/** Seals and opens tokens with the keys of a ring. */
export function revisionTokens({ ring, aad, minLength }: RevisionTokensOptions): RevisionTokens {
  return {
    async seal(keys) {
      return sealToken(keys, { ...(await ring.effective()), aad, minLength })
    },
    async open(token) {
      const parsed = parseToken(token)
      const key = parsed && (await ring.find(parsed.kid))
      return parsed && key && openSealed(parsed, key.dek, aad)
    },
  }
}
