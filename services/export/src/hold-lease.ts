import { type Database, exportBatches } from '@ens/database'
import { leaseLost } from './errors.ts'

export interface LeaseHolding {
  db: Database
  now: () => Date
  ttlMs: number
}

/** Renews the lease while the work lasts; the work's signal aborts should the lease turn out to be another's. */
export async function holdLease<T>(
  { db, now, ttlMs }: LeaseHolding,
  lease: exportBatches.Lease,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController()
  const renewal = setInterval(() => {
    // Work that was told to end and does not must not keep the batch for ever.
    if (signal.aborted) return
    exportBatches.renew(db, lease, new Date(now().getTime() + ttlMs)).then(
      (isHeld) => isHeld || lost.abort(leaseLost()),
      () => {}, // The database may be back before the lease ends; if not, a later renewal finds it gone.
    )
  }, ttlMs / 3)
  renewal.unref()
  try {
    return await work(AbortSignal.any([signal, lost.signal]))
  } finally {
    clearInterval(renewal)
  }
}
