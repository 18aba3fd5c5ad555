import { type Database, revisionKeys } from '@ens/database'
import type { NewRevisionKey, WrappedRevisionKey } from '@ens/revision'

/** Stores the first revision key and returns it; or returns the newest, when another instance was faster. */
export function createFirstKey(db: Database, key: NewRevisionKey): Promise<WrappedRevisionKey> {
  return db.transaction(async (tx) => {
    await revisionKeys.lockForInsert(tx)
    const [found] = await revisionKeys.listAllowed(tx)
    return found ?? { ...key, kid: await revisionKeys.insert(tx, key) }
  })
}
