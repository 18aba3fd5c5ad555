import { lockNamed } from '@ens/database'
import { type App, mountJob } from '@ens/server'
import { type CleanupDeps, cleanUpExports } from './clean-up-exports.ts'

export function routes(app: App, deps: CleanupDeps & { jobToken: string | undefined }): void {
  const { db, settings, now, jobToken: token } = deps
  const exclusively = lockNamed(db, 'cleanup-export', now)
  const { timeoutMs } = settings
  const job = { name: 'cleanup-export', timeoutMs, exclusively, token, now }
  mountJob(app, '/', job, (signal) => cleanUpExports(deps, signal))
}
