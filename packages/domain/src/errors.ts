import { defineError } from '@ens/errors'

export const regionInvalid = defineError(
  'invalid',
  'invalid_region',
  'A region is 1 to 32 letters, digits, hyphens or underscores, such as US or US-WA.',
)

export const exportConfigInvalid = defineError(
  'invalid',
  'invalid_export_config',
  'An export config contradicts itself, or its period does not divide a day.',
)
