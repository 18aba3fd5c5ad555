import { lockNamed } from '@ens/database'
import { type App, mountJob } from '@ens/server'
import { type CleanupDeps, cleanUpExposures, STEPS } from './clean-up-exposures.ts'

export function routes(app: App, deps: CleanupDeps & { jobToken: string | undefined }): void {
  const { db, settings, now, jobToken: token } = deps
  const exclusively = lockNamed(db, 'cleanup-exposure', now)
  const timeoutMs = Object.keys(STEPS).length * settings.timeoutMs
  const job = { name: 'cleanup-exposure', timeoutMs, exclusively, token, now }
  mountJob(app, '/', job, (signal) => cleanUpExposures(deps, signal))
}
