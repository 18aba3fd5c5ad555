import { lockNamed } from '@ens/database'
import { type App, mountJob, mountStatus } from '@ens/server'
import { createBatches } from './create-batches.ts'
import type { ExportDeps } from './deps.ts'
import { inTurn } from './in-turn.ts'
import { planWork } from './plan-work.ts'
import { reportStatus } from './report-status.ts'
import { workBatches } from './work-batches.ts'

/** `/create-batches` runs once across the fleet; `/do-work` anywhere, but one after the other within one process. */
export function routes(app: App, deps: ExportDeps & { jobToken: string | undefined }): void {
  const { db, settings, now, jobToken: token } = deps
  const batcher = {
    name: 'create-batches',
    timeoutMs: settings.createBatchesTimeoutMs,
    exclusively: lockNamed(db, 'create_batches', now),
    token,
    now,
  }
  mountJob(app, '/create-batches', batcher, (signal) => createBatches(deps, signal))

  const worker = { name: 'do-work', timeoutMs: settings.workerTimeoutMs, token, now }
  const oneByOne = inTurn()
  mountJob(app, '/do-work', worker, (signal) => oneByOne(signal, () => workBatches(deps, signal)))

  mountStatus(app, '/status', token, () => reportStatus(deps))
  mountStatus(app, '/plan', token, () => planWork(deps))
}
