import { type Database, databaseConflict, exposures, type Transaction } from '@ens/database'
import type { Exposure } from '@ens/domain'
import { isAppError } from '@ens/errors'
import { type ListedKey, type PublishPlan, type PublishRules, planPublish } from './plan-publish.ts'

export interface StoreRequest {
  /** Distinct keys of one publish, in the order of the keys. */
  exposures: readonly Exposure[]
  rules: PublishRules
  admission: exposures.Admission
  /** What the publish adds to the statistics; undefined when it is not counted. */
  statistics: (isRevision: boolean) => exposures.PublishStatistics | undefined
  /** Longest that one statement may take. */
  statementTimeoutMs: number
}

export interface StoredPublish {
  inserted: number
  revised: number
  /** Known keys that were left out because the token does not list them. */
  dropped: number
  /** What the new token lists, besides what the presented one did. */
  listed: readonly ListedKey[]
}

/** How often a publish begins anew because others were faster with its keys. */
const MOST_ATTEMPTS = 5

/** Stores every key of a publish, or none; throws what the phone is told when it may not. */
export async function storePublish(db: Database, request: StoreRequest): Promise<StoredPublish> {
  if (request.exposures.length === 0) return { inserted: 0, revised: 0, dropped: 0, listed: [] }
  const stored = mayAllBeNew(request) ? await storeNew(db, request) : undefined
  return stored ?? storeAndRevise(db, request)
}

/**
 * Publishes that surely need a look at what is stored do not try without: those with a token, and negative ones, whose new keys
 * are not stored.
 */
function mayAllBeNew({ exposures: published, rules }: StoreRequest): boolean {
  return rules.token.is !== 'read' && published[0]?.reportType !== 'negative'
}

/** The common publish, in one round trip. Undefined, and nothing done, when any key is known. */
async function storeNew(db: Database, request: StoreRequest): Promise<StoredPublish | undefined> {
  const { exposures: published, admission, statistics, statementTimeoutMs } = request
  const publish = { exposures: published, admission, statistics: statistics(false) }
  const isStored = await exposures.insertAll(db, publish, { timeoutMs: statementTimeoutMs })
  if (!isStored) return undefined
  return { inserted: published.length, revised: 0, dropped: 0, listed: published }
}

/** Looks, decides and writes in one transaction; again when another publish came between the look and the write. */
async function storeAndRevise(db: Database, request: StoreRequest): Promise<StoredPublish> {
  const { statementTimeoutMs } = request
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction((tx) => attemptToStore(tx, request), { statementTimeoutMs })
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !isOvertaken(error)) throw error
    }
  }
}

async function attemptToStore(tx: Transaction, request: StoreRequest): Promise<StoredPublish> {
  const { exposures: published, rules, admission } = request
  await exposures.admit(tx, admission)
  const keys = published.map(({ key }) => key)
  const stored = await exposures.lockStored(tx, keys)
  const plan = planPublish(published, stored, rules)
  const { inserts, revisions, dropped, listed } = plan
  if (changesNothing(plan)) return { inserted: 0, revised: 0, dropped, listed }
  const statistics = request.statistics(revisions.length > 0)
  const written = await exposures.write(tx, { inserts, revisions, statistics })
  if (written.inserted < inserts.length || written.revised < revisions.length) throw overtaken()
  return { ...written, dropped, listed }
}

function changesNothing({ inserts, revisions, unstored }: PublishPlan): boolean {
  return inserts.length + revisions.length + unstored.length === 0
}

function overtaken(): Error {
  return databaseConflict('another publish stored some of these keys at the same moment')
}

function isOvertaken(error: unknown): boolean {
  return isAppError(error) && error.code === databaseConflict.code
}
