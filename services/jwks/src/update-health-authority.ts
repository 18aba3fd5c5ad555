import { type Database, healthAuthorities, type Transaction } from '@ens/database'
import type { HealthAuthority } from '@ens/domain'
import type { JwksSettings } from './config.ts'
import { diffKeys, type KeyChanges } from './diff-keys.ts'
import { jwksKeyListedTwice } from './errors.ts'
import type { JwksEvents } from './events.ts'
import { fetchDocument } from './fetch-document.ts'
import { parseDocument } from './parse-document.ts'
import { isPublicAddress } from './public-addresses.ts'

export interface JwksDeps {
  db: Database
  settings: JwksSettings
  now: () => Date
  events: JwksEvents
}

/** An authority that publishes its keys. */
export type Publisher = HealthAuthority & { jwksUri: string }

export interface KeyCounts {
  inserted: number
  revoked: number
  purged: number
}

const STATEMENT_TIMEOUT_MS = 10_000

/** Makes the keys of one authority those that it lists: all of the changes, or none. */
export async function updateHealthAuthority(
  deps: JwksDeps,
  authority: Publisher,
  signal: AbortSignal,
): Promise<KeyCounts> {
  const { db, settings, events } = deps
  const bytes = await fetchDocument(authority.jwksUri, {
    timeoutMs: settings.requestTimeoutMs,
    maxBytes: settings.maxBytes,
    isAllowed: settings.allowsPrivateAddresses ? () => true : isPublicAddress,
    signal,
  })
  const { keys, unusable } = parseDocument(bytes)
  if (unusable.length > 0) events.keysUnusable(authority, unusable)
  const changes = await db.transaction(
    async (tx) => {
      const current = await healthAuthorities.lock(tx, authority.id)
      // Another address was entered while this one answered: what it says counts no more.
      if (current?.jwksUri !== authority.jwksUri) return undefined
      const changes = diffKeys(current.keys, keys, times(deps))
      await applyChanges(tx, authority.id, changes)
      return changes
    },
    { statementTimeoutMs: STATEMENT_TIMEOUT_MS },
  )
  if (!changes) return { inserted: 0, revoked: 0, purged: 0 }
  events.updated(authority, changes)
  refuseListedTwice(changes)
  return countsOf(changes)
}

function times({ now, settings }: JwksDeps) {
  const at = now()
  return { now: at, purgeBefore: new Date(at.getTime() - settings.keyCleanupTtlMs) }
}

async function applyChanges(
  tx: Transaction,
  id: number,
  { purge, revoke, rename, insert }: KeyChanges,
): Promise<void> {
  for (const version of purge) await healthAuthorities.removeKey(tx, id, version)
  for (const key of revoke) await healthAuthorities.updateKeyValidity(tx, id, key)
  for (const { from, to } of rename) await healthAuthorities.renameKey(tx, id, from, to)
  for (const key of insert) await healthAuthorities.insertKey(tx, id, key)
}

/** Said once, when the key is stored: from then on it is known. */
function refuseListedTwice({ listedTwice: [version] }: KeyChanges): void {
  if (version === undefined) return
  throw jwksKeyListedTwice(`it lists a key under several kids; stored is "${version}"`)
}

function countsOf({ insert, revoke, purge }: KeyChanges): KeyCounts {
  return { inserted: insert.length, revoked: revoke.length, purged: purge.length }
}
