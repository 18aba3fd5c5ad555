import { lockNamed } from '@ens/database'
import { type App, mountJob } from '@ens/server'
import { type RotationDeps, rotateRevisionKeys } from './rotate-revision-keys.ts'

/** Longest that a run may take: a handful of statements and one call of the key manager. */
const TIMEOUT_MS = 60_000

export function routes(app: App, deps: RotationDeps & { jobToken: string | undefined }): void {
  const { db, now, jobToken: token } = deps
  const exclusively = lockNamed(db, 'key-rotation-lock', now)
  const job = { name: 'rotate-keys', timeoutMs: TIMEOUT_MS, exclusively, token, now }
  mountJob(app, '/rotate-keys', job, (signal) => rotateRevisionKeys(deps, signal))
}
