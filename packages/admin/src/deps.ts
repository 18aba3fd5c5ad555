import type { Database, Queryable } from '@ens/database'
import type { KeyManager } from '@ens/keys'

/** What a use case needs that touches configuration only. */
export interface ConfigDeps {
  db: Queryable
  now: () => Date
}

/** What a use case needs that looks before it writes, with nobody in between. */
export interface ChangeDeps extends ConfigDeps {
  db: Database
}

/** What a use case needs that touches keys as well. */
export interface AdminDeps extends ConfigDeps {
  keyManager: KeyManager
}
