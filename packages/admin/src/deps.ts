import type { Queryable } from '@ens/database'
import type { KeyManager } from '@ens/keys'

/** What a use case needs that touches configuration only. */
export interface ConfigDeps {
  db: Queryable
  now: () => Date
}

/** What a use case needs that touches keys as well. */
export interface AdminDeps extends ConfigDeps {
  keyManager: KeyManager
}
