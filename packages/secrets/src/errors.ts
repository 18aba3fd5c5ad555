import { defineError } from '@ens/errors'

export const secretNotFound = defineError(
  'not-found',
  'secret_not_found',
  'The secret manager holds no secret of that name, or no such version of it.',
)

export const secretAccessDenied = defineError(
  'internal',
  'secret_access_denied',
  'The secret manager refuses this process the secret; its grants or its token need a look.',
)

export const secretNotText = defineError(
  'internal',
  'secret_not_text',
  'A setting refers to a secret that is not UTF-8 text; such a secret can only be taken as a file.',
)

export const secretTooLarge = defineError(
  'internal',
  'secret_too_large',
  'The secret is larger than any secret should be, and is not read; the name may lead to something else.',
)

export const secretPermissionsTooOpen = defineError(
  'internal',
  'secret_permissions_too_open',
  'A secret file, or a folder above it, lets others than its owner read or replace the secret.',
)

export const secretManagerUnavailable = defineError(
  'unavailable',
  'secret_manager_unavailable',
  'The secret manager is out of reach, throttles, or is too slow; what was asked can be tried again.',
)

export const secretReferenceInvalid = defineError(
  'internal',
  'invalid_secret_reference',
  'A setting refers to a secret that cannot be resolved; the message names the setting and the reason.',
)

export const secretsFolderUnsafe = defineError(
  'internal',
  'unsafe_secrets_folder',
  'The folder for secrets as files is open to others; it must be ours, with permissions 0700.',
)
