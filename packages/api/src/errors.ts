import { defineError } from '@ens/errors'

export const badRequest = defineError(
  'invalid',
  'bad_request',
  'The body is not the JSON that was expected, or none of its keys can be used.',
)

export const bodyTooLarge = defineError(
  'invalid',
  'bad_request',
  'The JSON value does not end within 64 000 bytes, or the body is longer than 256 KiB.',
  { status: 413 },
)

export const contentTypeRefused = defineError(
  'invalid',
  'bad_request',
  'The header Content-Type does not begin with application/json.',
  { status: 415 },
)

export const appUnknown = defineError(
  'unauthenticated',
  'unknown_health_authority_id',
  'No app of that name is authorized to publish here.',
)

export const appLookupFailed = defineError(
  'unavailable',
  'unable_to_load_health_authority',
  'The authorized app could not be looked up just now; the same publish may succeed later.',
)

export const regionForbidden = defineError(
  'unauthenticated',
  'unauthorized_region',
  'The app may not publish to a region it names. Only v1alpha1 names regions, and its replies hold no code.',
)

export const regionMissing = defineError(
  'internal',
  'health_authority_missing_region_config',
  'The app has no regions and there is no default region: set one of the two.',
)

export const revisionTokenMissing = defineError(
  'invalid',
  'missing_revision_token',
  'Keys that were published before were sent without their revision token.',
)

export const revisionTokenInvalid = defineError(
  'invalid',
  'invalid_revision_token',
  'The revision token cannot be read, or does not list the keys that were sent as they are stored.',
)

export const keyAlreadyRevised = defineError(
  'invalid',
  'key_already_revised',
  'A key was revised before, and a key is revised once.',
)

export const reportTypeTransitionInvalid = defineError(
  'invalid',
  'invalid_report_type_transition',
  'The stored report type of a key cannot become the one that was sent.',
)

export const keyNotRevisable = defineError(
  'invalid',
  'internal_error',
  'A key is known with other intervals, or was not published here, so this publish cannot revise it.',
)

export const publishFailed = defineError(
  'unavailable',
  'internal_error',
  'The server could not finish the publish, or does not know whether it did; the same publish may be sent again.',
)
