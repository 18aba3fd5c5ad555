import { defineError } from '@ens/errors'

export const databaseUnavailable = defineError(
  'unavailable',
  'database_unavailable',
  'The database is out of reach or has no connection to spare; what was asked can be tried again.',
)

export const databaseTimeout = defineError(
  'unavailable',
  'database_timeout',
  'The database did not answer in time; what was asked can be tried again.',
)

export const databaseConflict = defineError(
  'unavailable',
  'database_conflict',
  'The database ended a transaction that stood in the way of another; what was asked can be tried again.',
)

export const transactionRolledBack = defineError(
  'internal',
  'transaction_rolled_back',
  'A statement of a transaction had failed and the work went on; nothing of it was stored.',
)

export const publishTooLate = defineError(
  'unavailable',
  'publish_too_late',
  'A publish reached the database too long after it arrived, or the clocks differ; it can be tried again.',
)

export const cleanupTtlTooShort = defineError(
  'invalid',
  'cleanup_ttl_too_short',
  'CLEANUP_TTL is less than phones need; keys and archives would go before every phone has seen them.',
)
