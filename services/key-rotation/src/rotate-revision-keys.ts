import { type Database, revisionKeys } from '@ens/database'
import type { KeyManager } from '@ens/keys'
import { newRevisionKey, planKeyRotation, type RotatableKey } from '@ens/revision'
import type { RotationSettings } from './config.ts'
import type { RotationEvents } from './events.ts'

export interface RotationDeps {
  db: Database
  keyManager: KeyManager
  settings: RotationSettings
  now: () => Date
  randomBytes: (size: number) => Uint8Array
  events: RotationEvents
}

export interface RotationCounts {
  created: number
  destroyed: number
}

const STATEMENT_TIMEOUT_MS = 10_000

/**
 * Makes a key for revision tokens when the newest is old, and destroys those whose tokens have all expired. No key is
 * unwrapped, so one that cannot be read holds nothing up; and a step that fails does not keep the others from being
 * taken: what failed is thrown together at the end.
 */
export async function rotateRevisionKeys(
  deps: RotationDeps,
  signal: AbortSignal,
): Promise<RotationCounts> {
  const { db, events, now, settings } = deps
  const at = now()
  const failures: unknown[] = []
  const attempt = async (step: string, work: Promise<boolean>): Promise<number> => {
    try {
      return Number(await work)
    } catch (error) {
      events.failed(step, error)
      failures.push(error)
      return 0
    }
  }
  const { create, destroy } = plan(await revisionKeys.listAllowed(db), at, settings)
  const created = create ? await attempt('create', createKey(deps, at, signal)) : 0
  let destroyed = 0
  for (const kid of destroy) destroyed += await attempt(`destroy ${kid}`, destroyKey(deps, kid))
  if (failures.length > 0) throw new AggregateError(failures, 'revision keys were not rotated')
  events.done()
  return { created, destroyed }
}

/** False when there is no need any more. */
async function createKey(
  { db, keyManager, settings, randomBytes, events }: RotationDeps,
  at: Date,
  signal: AbortSignal,
): Promise<boolean> {
  const key = await newRevisionKey(keyManager, settings.keyId, at, { randomBytes, signal })
  const kid = await db.transaction(
    async (tx) => {
      await revisionKeys.lockForInsert(tx)
      // Another instance, or an exposure service that found no key at all, may have made one meanwhile.
      const { create } = plan(await revisionKeys.listAllowed(tx), at, settings)
      return create ? revisionKeys.insert(tx, key) : undefined
    },
    { statementTimeoutMs: STATEMENT_TIMEOUT_MS },
  )
  if (kid !== undefined) events.created(kid)
  return kid !== undefined
}

/** False when it is destroyed already. */
async function destroyKey({ db, events }: RotationDeps, kid: number): Promise<boolean> {
  const isDestroyed = await revisionKeys.destroy(db, kid)
  if (isDestroyed) events.destroyed(kid)
  return isDestroyed
}

function plan(keys: RotatableKey[], at: Date, settings: RotationSettings) {
  return planKeyRotation(keys, at, settings.newKeyPeriodMs, settings.deleteOldKeyPeriodMs)
}
