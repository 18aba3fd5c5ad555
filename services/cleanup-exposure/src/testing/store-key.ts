import { type Database, exposures } from '@ens/database'
import { aKey, anExposure } from '@ens/domain/testing'

/** Stores a key, revised at a moment if one is given. */
export async function storeKey(
  db: Database,
  number: number,
  createdAt: Date,
  revisedAt?: Date,
): Promise<void> {
  const key = aKey(number)
  const revision = {
    key,
    reportType: 'confirmed' as const,
    daysSinceSymptomOnset: undefined,
    transmissionRisk: 2,
    healthAuthorityId: undefined,
  }
  const write = (changes: Pick<exposures.Changes, 'inserts' | 'revisions'>) =>
    db.transaction((tx) => exposures.write(tx, { ...changes, statistics: undefined }))
  await write({ inserts: [anExposure({ key, createdAt })], revisions: [] })
  if (revisedAt) await write({ inserts: [], revisions: [{ ...revision, revisedAt }] })
}
