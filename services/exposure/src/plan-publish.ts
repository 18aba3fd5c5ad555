import {
  keyAlreadyRevised,
  keyNotRevisable,
  reportTypeTransitionInvalid,
  revisionTokenInvalid,
  revisionTokenMissing,
} from '@ens/api'
import type { exposures } from '@ens/database'
import { type Exposure, keyToBase64, type RefusedRevision, revise } from '@ens/domain'
import { type AppError, isAppError } from '@ens/errors'

/** A key as a revision token lists it. */
export interface ListedKey {
  key: Uint8Array
  intervalNumber: number
  intervalCount: number
}

/** What came with a publish as its proof of having published these keys before. */
export type PresentedToken =
  | { is: 'absent' }
  | { is: 'unreadable' }
  | { is: 'read'; keys: readonly ListedKey[] }

export interface PublishRules {
  token: PresentedToken
  /** False for apps that may revise without a token. */
  requiresToken: boolean
  /** Leave out known keys that the token does not list, instead of refusing the publish. */
  allowsPartialRevisions: boolean
  /** Rows that were created since then have not been in any export. */
  notExportedSince: Date
}

/** What to do with a publish of which some keys are stored already. */
export interface PublishPlan {
  inserts: Exposure[]
  revisions: exposures.KeyRevision[]
  /** New keys that are negative: not stored, but counted as a publish, and listed in the token. */
  unstored: Exposure[]
  dropped: number
  /** What the new token lists, besides what the presented one did. */
  listed: ListedKey[]
}

/**
 * Decides what a publish changes; throws what the phone is told when it may not. `incoming` and `stored` are distinct.
 * Keys are looked at in the order of `incoming`, so that equal publishes get equal answers.
 */
export function planPublish(
  incoming: readonly Exposure[],
  stored: readonly Exposure[],
  rules: PublishRules,
): PublishPlan {
  if (isSentAgain(incoming, stored, rules.notExportedSince)) return nothingToDo(stored)
  try {
    return decide(incoming, new Map(stored.map((known) => [keyToBase64(known.key), known])), rules)
  } catch (error) {
    // A token that cannot be read is to blame for whatever is refused: the phone should ask for nothing more with it.
    if (rules.token.is === 'unreadable' && isAppError(error)) throw tokenInvalid(error)
    throw error
  }
}

/**
 * Whether this is a copy of a first upload, whose reply may have been lost: every key is stored just so, by the same app,
 * and none has been public, so that only who made the keys can know them.
 */
function isSentAgain(
  incoming: readonly Exposure[],
  stored: readonly Exposure[],
  notExportedSince: Date,
): boolean {
  const sent = new Map(incoming.map((exposure) => [keyToBase64(exposure.key), exposure]))
  return (
    stored.length === incoming.length &&
    stored.every((known) => {
      const copy = sent.get(keyToBase64(known.key))
      return copy && known.createdAt >= notExportedSince && isCopy(known, copy)
    })
  )
}

function isCopy(known: Exposure, copy: Exposure): boolean {
  return (
    known.revision === undefined &&
    known.localProvenance &&
    hasIntervalsOf(known, copy) &&
    known.reportType === copy.reportType &&
    known.appPackageName === copy.appPackageName &&
    known.healthAuthorityId === copy.healthAuthorityId
  )
}

function nothingToDo(stored: readonly Exposure[]): PublishPlan {
  return { inserts: [], revisions: [], unstored: [], dropped: 0, listed: [...stored] }
}

type Stored = ReadonlyMap<string, Exposure>

function decide(incoming: readonly Exposure[], stored: Stored, rules: PublishRules): PublishPlan {
  const plan = nothingToDo([])
  const allowed = incoming.filter((exposure) => {
    const known = stored.get(keyToBase64(exposure.key))
    return known === undefined || mayTouch(known, exposure, rules)
  })
  plan.dropped = incoming.length - allowed.length
  for (const exposure of allowed) {
    const known = stored.get(keyToBase64(exposure.key))
    if (known) planRevision(plan, known, exposure)
    else planInsert(plan, exposure)
  }
  return plan
}

/** False for a key that a partial revision leaves out; throws for one that refuses the whole publish. */
function mayTouch(known: Exposure, incoming: Exposure, rules: PublishRules): boolean {
  if (!rules.requiresToken) return true
  if (rules.token.is !== 'read')
    throw revisionTokenMissing('no revision token, but sent existing keys')
  if (!hasIntervalsOf(known, incoming))
    throw keyNotRevisable('a key is known with another interval')
  const listed = rules.token.keys.find(({ key }) => Buffer.compare(key, known.key) === 0)
  if (listed && hasIntervalsOf(known, listed)) return true
  if (!listed && rules.allowsPartialRevisions) return false
  throw tokenInvalid()
}

function planInsert(plan: PublishPlan, exposure: Exposure): void {
  const into = exposure.reportType === 'negative' ? plan.unstored : plan.inserts
  into.push(exposure)
  plan.listed.push(exposure)
}

function planRevision(plan: PublishPlan, known: Exposure, incoming: Exposure): void {
  const decided = revise(known, incoming)
  if (decided.outcome === 'unchanged') return
  if (decided.outcome === 'refused') throw refusal(decided.reason, known, incoming)
  const { revision, healthAuthorityId } = decided
  plan.revisions.push({ key: known.key, ...revision, healthAuthorityId })
  plan.listed.push(known)
}

function refusal(reason: RefusedRevision, known: Exposure, incoming: Exposure): AppError {
  switch (reason) {
    case 'foreign':
      return keyNotRevisable('a key was not published here')
    case 'already-revised':
      return keyAlreadyRevised('key was already revised')
    case 'invalid-transition':
      return reportTypeTransitionInvalid(
        `invalid report type transition: cannot transition from "${known.reportType ?? ''}" to "${incoming.reportType ?? ''}"`,
      )
  }
}

function tokenInvalid(cause?: AppError): AppError {
  return revisionTokenInvalid('revision token is invalid', { cause })
}

function hasIntervalsOf(
  known: Exposure,
  other: { intervalNumber: number; intervalCount: number },
): boolean {
  return (
    known.intervalNumber === other.intervalNumber && known.intervalCount === other.intervalCount
  )
}
