import { z } from 'zod'
import { type BodyDecoder, bodyDecoder } from '../decode-body.ts'
import type { PublishReply, PublishRequest } from '../v1/publish.ts'
import { base64, int32, sentKeySchema, text } from '../v1/sent-key.ts'

/** The body of the old `POST /`; read by the same rules as that of v1. */
export const publishRequestV1alpha1Schema = z.strictObject({
  temporaryExposureKeys: z.array(sentKeySchema).default([]).meta({
    description: 'As in v1.',
    minItems: 1,
  }),
  regions: z.array(text).default([]).meta({
    description: 'Instead of the regions of the app; it must be allowed to publish to each.',
  }),
  appPackageName: text.meta({ description: 'The name of the authorized app.' }),
  verificationPayload: text.meta({ description: 'As in v1.' }),
  hmackey: base64.meta({ description: 'As `hmacKey` in v1.' }),
  symptomOnsetInterval: int32.meta({ description: 'As in v1.' }),
  revisionToken: base64.meta({ description: 'As in v1.' }),
  padding: text.meta({ description: 'Ignored; makes requests equally long.' }),
  platform: text.meta({ description: 'Ignored.', deprecated: true }),
  deviceVerificationPayload: text.meta({ description: 'Ignored.', deprecated: true }),
})

export type PublishRequestV1alpha1 = z.output<typeof publishRequestV1alpha1Schema>

/** Throws `bad_request` with status 400, 413 or 415. */
export const decodePublishBodyV1alpha1: BodyDecoder<PublishRequestV1alpha1> = bodyDecoder(
  publishRequestV1alpha1Schema,
)

/** The same publish in the words of v1. Its regions are the request's own; who names several is a traveler. */
export function fromV1alpha1(request: PublishRequestV1alpha1): PublishRequest {
  return {
    temporaryExposureKeys: request.temporaryExposureKeys,
    healthAuthorityID: request.appPackageName,
    verificationPayload: request.verificationPayload,
    hmacKey: request.hmackey,
    symptomOnsetInterval: request.symptomOnsetInterval,
    traveler: request.regions.length > 1,
    revisionToken: request.revisionToken,
    padding: request.padding,
  }
}

/** The body of every reply to an old publish. There is no code, and all fields but warnings are always there. */
export const publishResponseV1alpha1Schema = z.strictObject({
  revisionToken: z.string().meta({
    contentEncoding: 'base64',
    description: 'As in v1; empty if there is none.',
  }),
  insertedExposures: z.uint32().meta({
    description: 'How many keys were stored that were not known.',
  }),
  error: z.string().meta({ description: 'What went wrong, for people; empty if nothing did.' }),
  padding: z.string().meta({
    contentEncoding: 'base64',
    description: 'Random; hides how long the rest is.',
  }),
  warnings: z.array(z.string()).optional().meta({
    description: 'About keys that were left out although nothing is wrong with the request.',
  }),
})

export type PublishResponseV1alpha1 = z.output<typeof publishResponseV1alpha1Schema>

export function publishResponseV1alpha1(
  reply: Omit<PublishReply, 'code'>,
): PublishResponseV1alpha1 {
  return {
    revisionToken: reply.revisionToken ?? '',
    insertedExposures: reply.insertedExposures ?? 0,
    error: reply.error ?? '',
    padding: reply.padding ?? '',
    ...(reply.warnings?.length && { warnings: [...reply.warnings] }),
  }
}
