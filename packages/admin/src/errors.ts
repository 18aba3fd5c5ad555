import { defineError } from '@ens/errors'

export const invalidInput = defineError(
  'invalid',
  'invalid_input',
  'A value given to an administrative command cannot be used; the message says which and why.',
)

export const nameTaken = defineError(
  'conflict',
  'name_taken',
  'There is one of that name already; change that one, or take another name.',
)

export const configurationNotFound = defineError(
  'not-found',
  'configuration_not_found',
  'There is no configuration object of that id or name; `list` shows those that exist.',
)
