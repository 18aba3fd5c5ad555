import { defineError } from '@ens/errors'

export const jwksAddressRefused = defineError(
  'forbidden',
  'jwks_address_refused',
  'A JWKS address, or what it redirects to, is no http or https URL, or leads to a private address that JWKS_ALLOW_PRIVATE_ADDRESSES does not allow.',
)

export const jwksRedirectRefused = defineError(
  'forbidden',
  'jwks_redirect_refused',
  'A JWKS address redirects too often, to nowhere, or from https to http.',
)

export const jwksUnreachable = defineError(
  'unavailable',
  'jwks_unreachable',
  'The server of a health authority’s keys cannot be reached, or did not send the whole document in time.',
)

export const jwksWrongStatus = defineError(
  'unavailable',
  'jwks_wrong_status',
  'The server of a health authority’s keys answered with a status that is not 200.',
)

export const jwksTooLarge = defineError(
  'invalid',
  'jwks_too_large',
  'The document with a health authority’s keys is longer than JWKS_MAX_BYTES, or lists or adds up to too many keys.',
)

export const jwksDocumentInvalid = defineError(
  'invalid',
  'jwks_document_invalid',
  'The document with a health authority’s keys is no list of public keys; nothing was changed.',
)

export const jwksWithoutKeys = defineError(
  'invalid',
  'jwks_without_keys',
  'The document lists no key that certificates can be verified with (EC on P-256). It is taken for a mistake: nothing was revoked.',
)

export const jwksKeyListedTwice = defineError(
  'invalid',
  'jwks_key_listed_twice',
  'The document lists one key under several kids. It was stored under the last of them; certificates that name another are refused.',
)

export const jwksUpdateFailed = defineError(
  'unavailable',
  'jwks_update_failed',
  'The keys of a health authority could not be updated; its known keys stay as they are.',
)

export const jwksUnfinished = defineError(
  'unavailable',
  'jwks_unfinished',
  'MAX_RUNTIME passed, or the caller hung up, before every health authority was looked at; the next run looks at all of them again.',
)
