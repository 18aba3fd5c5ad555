import type { HealthAuthority } from '@ens/domain'
import { isAppError } from '@ens/errors'
import { counter, gauge, type Logger } from '@ens/observability'
import type { KeyChanges } from './diff-keys.ts'
import type { UnusableKey } from './read-jwk.ts'

/** What happens to the keys of authorities: each a log line and its metrics. Never a key, nor a URL, which may hold a password. */
export type JwksEvents = ReturnType<typeof jwksEvents>

const AUTHORITY = 'id of the health authority'

const successes = counter('en-server/jwks/success', {
  description: 'Runs in which every health authority was brought up to date.',
})
const keys = counter('en-server/jwks/keys_count', {
  description: 'Keys of health authorities that were inserted, revoked or purged.',
  labels: { health_authority_id: AUTHORITY, change: '`inserted`, `revoked` or `purged`' },
})
const failures = counter('en-server/jwks/failures_count', {
  description: 'Tries to update the keys of a health authority that failed, by authority and code.',
  labels: { health_authority_id: AUTHORITY, code: 'the code of the error' },
})
const validKeys = gauge('en-server/jwks/valid_keys', {
  description:
    'Keys that a health authority lists and that are good here; at 0 its certificates are refused.',
  labels: { health_authority_id: AUTHORITY },
})

export function jwksEvents(log: Logger) {
  return {
    updated(authority: HealthAuthority, changes: KeyChanges): void {
      const { insert, revoke, purge, rename, valid } = changes
      const labels = { health_authority_id: authority.id }
      keys.add(insert.length, { ...labels, change: 'inserted' })
      keys.add(revoke.length, { ...labels, change: 'revoked' })
      keys.add(purge.length, { ...labels, change: 'purged' })
      validKeys.record(valid, labels)
      if (insert.length + revoke.length + purge.length + rename.length > 0) {
        const inserted = insert.map(({ version }) => version)
        const revoked = revoke.map(({ version }) => version)
        log.info(
          { ...about(authority), inserted, revoked, purged: purge, renamed: rename },
          'the keys of a health authority have changed',
        )
      }
      if (valid === 0) {
        log.error(
          about(authority),
          'every key that a health authority lists has ended here; its certificates are refused until one is reinstated',
        )
      }
    },

    keysUnusable(authority: HealthAuthority, unusable: UnusableKey[]): void {
      const versions = unusable.map(({ version }) => version)
      log.warn(
        { ...about(authority), versions, reason: `one ${unusable[0]?.reason ?? ''}` },
        'a health authority lists keys that are not EC on P-256; they are left out',
      )
    },

    failed(authority: HealthAuthority, error: unknown): void {
      const code = isAppError(error) ? error.code : 'internal_error'
      failures.add(1, { health_authority_id: authority.id, code })
      log.error(
        { ...about(authority), code, err: error },
        'the keys of a health authority could not be updated; the known ones stay',
      )
    },

    done(): void {
      successes.add()
    },

    connectionLost(error: Error): void {
      log.warn({ err: error }, 'an idle connection to the database was lost')
    },
  }
}

function about({ id, name }: HealthAuthority) {
  return { healthAuthorityId: id, healthAuthority: name }
}
