import { defineError } from '@ens/errors'

export const revisionKeysUnavailable = defineError(
  'unavailable',
  'revision_keys_unavailable',
  'The keys of revision tokens cannot be read at present; the token itself may be good.',
)
