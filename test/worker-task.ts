import type { DatabaseConfig } from '@ens/database'

/** What a test tells a worker that runs as a process of its own. */
export interface WorkerTask {
  database: DatabaseConfig
  blobRoot: string
  keysRoot: string
  /** ISO 8601. */
  now: string
  dieAt?: 'before-upload' | 'after-upload' | 'before-index' | undefined
  /** At which statement, page, commit, signature or operation of the store; counted from 1, before and after each. */
  dieAtStep?: number | undefined
}
