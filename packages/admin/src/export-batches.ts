import { type Database, exportBatches, exportFiles, exportIndexes } from '@ens/database'
import { invalidInput } from './errors.ts'
import { found } from './input.ts'

export interface RegenerationInput {
  configId: number
  /** Windows that begin from here on. */
  from: Date
  /** Windows that begin before this. */
  before: Date
  /** Only say what would be done. */
  isDryRun: boolean
}

export interface Regeneration {
  /** How many windows are exported anew by the next runs of /do-work, under new names. */
  windows: number
  /** The archives that leave the index. Their objects are deleted when they expire. */
  replaced: string[]
  /** Windows that cannot be exported anew, and why. */
  left: { start: Date; end: Date; reason: string }[]
  notSeenBy: string
}

/** What the operator must know: a phone never goes back in an index, nor reads the same window twice. */
const NOT_SEEN_BY =
  'phones that have read the index up to a later archive, and phones that took the replaced archive of the window'

/**
 * Lets windows that were exported be exported again, with what the database holds of them now, under new names. Until that is
 * done, younger windows of the config wait. Throws `configuration_not_found`, `invalid_input`.
 */
export async function regenerateExports(
  { db }: { db: Database },
  { configId, from, before, isDryRun }: RegenerationInput,
): Promise<Regeneration> {
  if (from >= before) throw invalidInput('the range of windows is empty')
  return db.transaction(async (tx) => {
    found(`export config ${configId}`, (await exportBatches.lockConfig(tx, configId)) || undefined)
    const outcome: Regeneration = { windows: 0, replaced: [], left: [], notSeenBy: NOT_SEEN_BY }
    for (const batch of await exportBatches.listStarting(tx, configId, { from, before })) {
      const reason = reasonToLeave(batch)
      if (reason) outcome.left.push({ start: batch.start, end: batch.end, reason })
      else {
        outcome.windows++
        outcome.replaced.push(...(await replace(tx, batch, isDryRun)))
      }
    }
    if (outcome.windows > 0 && !isDryRun) await exportIndexes.touchAll(tx, configId)
    return outcome
  })
}

type Transaction = Parameters<typeof exportFiles.retire>[0]

async function replace(
  tx: Transaction,
  { id }: exportBatches.StoredBatch,
  isDryRun: boolean,
): Promise<string[]> {
  if (isDryRun) return exportFiles.listPublished(tx, id)
  await exportBatches.reopen(tx, id)
  return exportFiles.retire(tx, id)
}

/** The new name is that of a window some seconds later, which must not be one that exists. */
function reasonToLeave({ status, keysFrom, end, regenerations }: exportBatches.StoredBatch) {
  if (status === 'OPEN' || status === 'PENDING') return 'it is not exported yet'
  if (status === 'DELETED') return 'it has expired'
  const seconds = (end.getTime() - keysFrom.getTime()) / 1000
  if ((regenerations + 1) % seconds === 0) return 'there is no new name left for it'
  return undefined
}
