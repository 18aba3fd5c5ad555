import { lockNamed } from '@ens/database'
import { type App, mountJob } from '@ens/server'
import { type UpdateDeps, updateHealthAuthorities } from './update-health-authorities.ts'

export function routes(app: App, deps: UpdateDeps & { jobToken: string | undefined }): void {
  const { db, settings, now, jobToken: token } = deps
  const job = {
    name: 'jwks',
    timeoutMs: settings.maxRuntimeMs,
    // Held for the whole run and renewed: runs that overlapped would undo each other's work.
    exclusively: lockNamed(db, 'jwks-import', now),
    token,
    now,
  }
  mountJob(app, '/', job, (signal) => updateHealthAuthorities(deps, signal))
}
