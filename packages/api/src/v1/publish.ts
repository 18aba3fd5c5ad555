import { z } from 'zod'
import { type BodyDecoder, bodyDecoder } from '../decode-body.ts'
import { base64, int32, sentKeySchema, text } from './sent-key.ts'

/**
 * The body of `POST /v1/publish`. Field names are compared case-insensitively, null is absent, an
 * absent field has its zero value, a field that is not listed is refused.
 */
export const publishRequestSchema = z.strictObject({
  temporaryExposureKeys: z.array(sentKeySchema).default([]).meta({
    description: 'The keys, in any order; how many there may be is set at the server, usually 30.',
    minItems: 1,
  }),
  healthAuthorityID: text.meta({
    description: 'The name of the authorized app; case does not count.',
  }),
  verificationPayload: text.meta({
    description: 'The certificate of a health authority over an HMAC of the keys (JWT, ES256).',
  }),
  hmacKey: base64.meta({ description: 'The key of that HMAC.' }),
  symptomOnsetInterval: int32.meta({
    description: 'The interval of the first symptoms; wins over the certificate. 0 is none.',
  }),
  traveler: z.boolean().default(false).meta({
    description: 'Whether the phone has been outside the regions of the app.',
  }),
  revisionToken: base64.meta({
    description: 'From the reply to an earlier publish; needed to send its keys again.',
  }),
  padding: text.meta({ description: 'Ignored; makes requests equally long.' }),
})

export type PublishRequest = z.output<typeof publishRequestSchema>

/** Throws `bad_request` with status 400, 413 or 415. */
export const decodePublishBody: BodyDecoder<PublishRequest> = bodyDecoder(publishRequestSchema)

/** The `code` of a reply that is a success, but not for every key. */
export const PARTIAL_FAILURE = 'partial_failure'

/** The body of every reply to a publish, success or not. */
export const publishResponseSchema = z.strictObject({
  revisionToken: z.string().optional().meta({
    contentEncoding: 'base64',
    description: 'Opaque; to be kept and sent along when these keys are published again.',
  }),
  insertedExposures: z.uint32().optional().meta({
    description: 'How many keys were stored that were not known; absent if none.',
  }),
  error: z.string().optional().meta({ description: 'What went wrong, for people.' }),
  code: z.string().optional().meta({ description: 'What went wrong, for programs.' }),
  padding: z.string().optional().meta({
    contentEncoding: 'base64',
    description: 'Random; hides how long the rest is.',
  }),
  warnings: z.array(z.string()).optional().meta({
    description: 'About keys that were left out although nothing is wrong with the request.',
  }),
})

export type PublishResponse = z.output<typeof publishResponseSchema>

/** The body of status 429, on every route. */
export const busyResponseSchema = z.strictObject({
  error: z.string().meta({ description: 'That it is worth trying again later, for people.' }),
})

/** What there is to say; what is empty is left out of the reply. */
export interface PublishReply {
  revisionToken?: string | undefined
  insertedExposures?: number | undefined
  error?: string | undefined
  code?: string | undefined
  padding?: string | undefined
  warnings?: readonly string[] | undefined
}

export function publishResponse(reply: PublishReply): PublishResponse {
  const { revisionToken, insertedExposures, error, code, padding, warnings } = reply
  return {
    ...(revisionToken && { revisionToken }),
    ...(insertedExposures && { insertedExposures }),
    ...(error && { error }),
    ...(code && { code }),
    ...(padding && { padding }),
    ...(warnings?.length && { warnings: [...warnings] }),
  }
}
