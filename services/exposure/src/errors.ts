import { defineError } from '@ens/errors'

export const statsUnavailable = defineError(
  'unavailable',
  'internal_error',
  'The statistics could not be read just now; the same request may succeed later.',
)
