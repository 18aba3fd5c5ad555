import { defineError } from '@ens/errors'

export const archivesNotDeleted = defineError(
  'internal',
  'cleanup_archives_not_deleted',
  'Some archives could not be deleted; the log has the reasons, and the next run tries them again.',
)

export const cleanupUnfinished = defineError(
  'unavailable',
  'cleanup_exports_left',
  'The deadline passed, or the caller hung up, before everything that is due was deleted; the next run goes on from there.',
)
