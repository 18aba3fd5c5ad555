import { defineError } from '@ens/errors'

export const certificateInvalid = defineError(
  'unauthenticated',
  'health_authority_verification_certificate_invalid',
  'The verification certificate does not prove that a health authority vouches for these keys.',
)

export const statsTokenInvalid = defineError(
  'unauthenticated',
  'unauthorized',
  'The bearer token does not give its health authority access to statistics.',
)

export const healthAuthorityUnavailable = defineError(
  'unavailable',
  'health_authority_unavailable',
  'A health authority or its public key could not be loaded, which says nothing about the certificate.',
)
