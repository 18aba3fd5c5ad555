import { decodeBase64, intervalNumber } from '@ens/domain'
import { mergeEntries, type RevisionTokens as Seals } from '@ens/revision'
import type { ListedKey, PresentedToken } from './plan-publish.ts'

/** What publishing does with revision tokens. */
export interface RevisionTokens {
  /** Throws `revision_keys_unavailable` while it cannot be told whether a token is good. */
  read(token: string): Promise<PresentedToken>
  /** The token for what the presented one listed and these keys; undefined if there is nothing to list, or no key to seal it with. */
  issue(
    presented: PresentedToken,
    written: readonly ListedKey[],
    now: Date,
  ): Promise<string | undefined>
}

export interface RevisionTokensOptions {
  seals: Seals
  /** Keys that ended longer ago leave tokens. */
  maxIntervalAgeMs: number
  onNotIssued: (error: unknown) => void
}

export function revisionTokens(options: RevisionTokensOptions): RevisionTokens {
  const { seals, maxIntervalAgeMs, onNotIssued } = options
  return {
    async read(token) {
      // What is no base64 was never a token of ours, and counts as none.
      if (token === '' || decodeBase64(token) === undefined) return { is: 'absent' }
      const keys = await seals.open(token)
      return keys ? { is: 'read', keys } : { is: 'unreadable' }
    },
    async issue(presented, written, now) {
      const previous = presented.is === 'read' ? [...presented.keys] : []
      const oldest = intervalNumber(now.getTime() - maxIntervalAgeMs)
      const listed = mergeEntries(previous, [...written], oldest)
      if (listed.length === 0) return undefined
      try {
        return await seals.seal(listed)
      } catch (error) {
        // The keys are stored: a phone that is told otherwise would send them again, and still get no token.
        onNotIssued(error)
        return undefined
      }
    },
  }
}
