import * as errors from '../errors.ts'
import { busyResponseSchema, PARTIAL_FAILURE } from '../v1/publish.ts'
import { headerReference } from './components.ts'
import { type Code, content, type Response } from './operation.ts'

/** Declared beside the code that checks certificates, which rests on this package. */
const CERTIFICATE_INVALID: Code = {
  code: 'health_authority_verification_certificate_invalid',
  meaning:
    'The verification certificate does not prove that a health authority vouches for these keys.',
}

const INTERNAL_ERROR: Code = {
  code: 'internal_error',
  meaning: 'A fault of the server.',
}

/** By status, what a publish may be refused with. */
export const PUBLISH_ERRORS: Readonly<Record<number, readonly Code[]>> = {
  400: [
    errors.badRequest,
    errors.revisionTokenMissing,
    errors.revisionTokenInvalid,
    errors.keyAlreadyRevised,
    errors.reportTypeTransitionInvalid,
    errors.keyNotRevisable,
  ],
  401: [errors.appUnknown, CERTIFICATE_INVALID],
  413: [errors.bodyTooLarge],
  415: [errors.contentTypeRefused],
  500: [errors.regionMissing, INTERNAL_ERROR],
  503: [errors.appLookupFailed, errors.publishFailed],
}

export const PARTIAL: Code = {
  code: PARTIAL_FAILURE,
  meaning: 'Some keys were refused, as `error` says; the others were stored.',
}

export const TAKEN =
  'Keys were stored or revised, or left out with a warning. Chaff is answered like this, too.'

/** The reply of every route while the server is closed for maintenance, or asked too often. */
export function busy(): Response {
  const value = busyResponseSchema.parse({ error: 'please try again later' })
  return {
    description: 'The server is closed for maintenance, or is asked too often.',
    headers: { 'Retry-After': headerReference('Retry-After') },
    content: content('BusyResponse', { busy: { summary: 'Try again later.', value } }),
  }
}

/** What only a status that passes by is told with: when to come back. */
export function retryAfter(status: number) {
  return status === 503 ? { 'Retry-After': headerReference('Retry-After') } : {}
}
