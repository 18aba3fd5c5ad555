import { defineError } from '@ens/errors'

export const secretNotFound = defineError(
  'not-found',
  'secret_not_found',
  'The secret manager holds no secret of that name, or it may not be read.',
)

export const secretManagerUnavailable = defineError(
  'unavailable',
  'secret_manager_unavailable',
  'The secret manager is out of reach; what was asked can be tried again.',
)

export const secretReferenceInvalid = defineError(
  'internal',
  'invalid_secret_reference',
  'A setting refers to a secret that cannot be resolved; the message names the setting and the reason.',
)

export const secretsFolderUnsafe = defineError(
  'internal',
  'unsafe_secrets_folder',
  'The folder for secrets as files is open to others; its permissions must be 0700.',
)
