import { defineError } from '@ens/errors'

export const exposuresLeft = defineError(
  'unavailable',
  'cleanup_exposures_left',
  'The deadline passed, or the caller hung up, before everything that is due was deleted; the next run goes on from there.',
)
