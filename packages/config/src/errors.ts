import { defineError } from '@ens/errors'

export const configInvalid = defineError(
  'internal',
  'invalid_config',
  'Settings are missing or wrong; the message names each variable and what is wrong with it.',
)
