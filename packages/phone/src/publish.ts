import { type PublishResponse, publishResponseSchema } from '@ens/api'
import { z } from 'zod'
import type { PhoneKey } from './make-keys.ts'
import { type PostOptions, postJson, readReply } from './post-json.ts'

export interface PublishInput {
  /** Of `/v1/publish`. */
  url: string
  /** The name of the app. */
  healthAuthorityID: string
  keys: readonly PhoneKey[]
  /** The verification certificate, and the HMAC key it was made with, in base64; none for an app that needs none. */
  certificate?: { verificationPayload: string; hmacKey: string }
  symptomOnsetInterval?: number
  traveler?: boolean
  /** From the reply to an earlier publish of these keys, in order to revise them. */
  revisionToken?: string
}

export interface PublishOutcome {
  /** Whether at least one key was taken. */
  accepted: boolean
  status: number
  /** What the server said, without its padding. */
  reply: Omit<PublishResponse, 'padding'>
}

/** Publishes keys as a phone does. A refusal is an outcome; only a server that does not answer in the protocol throws. */
export async function publish(
  input: PublishInput,
  options: PostOptions = {},
): Promise<PublishOutcome> {
  const answer = await postJson(input.url, publishBody(input), options)
  const { padding: _, ...reply } = readReply(input.url, answer, replySchema)
  return { accepted: answer.status === 200, status: answer.status, reply }
}

/** The body of a publish, but for its padding. */
export function publishBody(input: Omit<PublishInput, 'url'>): Record<string, unknown> {
  return {
    temporaryExposureKeys: input.keys,
    healthAuthorityID: input.healthAuthorityID,
    ...input.certificate,
    ...(input.symptomOnsetInterval !== undefined && {
      symptomOnsetInterval: input.symptomOnsetInterval,
    }),
    ...(input.traveler !== undefined && { traveler: input.traveler }),
    ...(input.revisionToken !== undefined && { revisionToken: input.revisionToken }),
  }
}

/** Fields that we do not know are left out. */
const replySchema = z.object(publishResponseSchema.shape)
