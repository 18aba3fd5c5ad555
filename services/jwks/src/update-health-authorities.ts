import { healthAuthorities } from '@ens/database'
import type { HealthAuthority } from '@ens/domain'
import { isAppError } from '@ens/errors'
import { jwksUnfinished, jwksUpdateFailed } from './errors.ts'
import {
  type JwksDeps,
  type KeyCounts,
  type Publisher,
  updateHealthAuthority,
} from './update-health-authority.ts'

export interface UpdateDeps extends JwksDeps {
  /** An integer from 0, below the limit. */
  random: (limit: number) => number
}

export interface UpdateCounts extends KeyCounts {
  /** How many authorities were brought up to date. */
  authorities: number
}

/**
 * Fetches the keys of every authority that publishes them, a few authorities at a time. One that fails does not stop the
 * others; what failed is thrown together at the end.
 */
export async function updateHealthAuthorities(
  deps: UpdateDeps,
  signal: AbortSignal,
): Promise<UpdateCounts> {
  const { db, settings, events, random } = deps
  // In any order, so that where time runs out it is not always the same ones that are left.
  const waiting = shuffled((await healthAuthorities.listWithKeys(db)).filter(isPublisher), random)
  const counts = { authorities: 0, inserted: 0, revoked: 0, purged: 0 }
  const failures: Error[] = []
  const work = async () => {
    while (!signal.aborted) {
      const authority = waiting.pop()
      if (!authority) return
      try {
        add(counts, await updateHealthAuthority(deps, authority, signal))
      } catch (error) {
        events.failed(authority, error)
        failures.push(failureOf(authority, error))
      }
    }
  }
  await Promise.all(Array.from({ length: settings.maxWorkers }, work))
  if (waiting.length > 0) {
    failures.push(jwksUnfinished(`${waiting.length} health authorities wait for the next run`))
  }
  if (failures.length > 0) throw new AggregateError(failures, 'health authorities failed')
  events.done()
  return counts
}

function isPublisher(authority: HealthAuthority): authority is Publisher {
  return (authority.jwksUri ?? '').trim() !== ''
}

/** Every order as likely as the others. */
function shuffled<T>(items: T[], random: (limit: number) => number): T[] {
  const left = [...items]
  return items.flatMap(() => left.splice(random(left.length), 1))
}

function add(total: UpdateCounts, counts: KeyCounts): void {
  total.authorities++
  total.inserted += counts.inserted
  total.revoked += counts.revoked
  total.purged += counts.purged
}

/** What the scheduler is told; unexpected reasons stand in the log only. */
function failureOf({ id, name }: HealthAuthority, error: unknown): Error {
  const reason = isAppError(error) ? error.message : 'internal error; the log has the reason'
  return jwksUpdateFailed(`health authority ${id} (${name}): ${reason}`, { cause: error })
}
