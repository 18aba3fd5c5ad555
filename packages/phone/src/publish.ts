import { randomBytes } from 'node:crypto'
import { type PublishResponse, publishResponseSchema } from '@ens/api'
import { z } from 'zod'
import { unexpectedResponse } from './errors.ts'
import { type HttpLimits, request } from './http.ts'
import type { PhoneKey, RandomBytes } from './make-keys.ts'

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

const LIMITS = { timeoutMs: 30_000, maxBytes: 1024 * 1024 }

/** Publishes keys as a phone does. A refusal is an outcome; only a server that does not answer in the protocol throws. */
export async function publish(
  input: PublishInput,
  options: Partial<HttpLimits> & { random?: RandomBytes } = {},
): Promise<PublishOutcome> {
  const { random = randomBytes, ...limits } = options
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(publishBody(input, random)),
  }
  const { status, body } = await request(input.url, init, { ...LIMITS, ...limits })
  return { accepted: status === 200, status, reply: parseReply(input.url, status, body) }
}

function publishBody(input: PublishInput, random: RandomBytes): Record<string, unknown> {
  return {
    temporaryExposureKeys: input.keys,
    healthAuthorityID: input.healthAuthorityID,
    ...input.certificate,
    ...(input.symptomOnsetInterval !== undefined && {
      symptomOnsetInterval: input.symptomOnsetInterval,
    }),
    ...(input.traveler !== undefined && { traveler: input.traveler }),
    ...(input.revisionToken !== undefined && { revisionToken: input.revisionToken }),
    padding: padding(random).toString('base64'),
  }
}

/** Between one and two KiB, so that the length of a request does not tell how many keys it holds. */
function padding(random: RandomBytes): Buffer {
  return random(1024 + (random(2).readUInt16BE() % 1024))
}

/** Fields that we do not know are left out. */
const replySchema = z.object(publishResponseSchema.shape)

function parseReply(url: string, status: number, body: Buffer): PublishOutcome['reply'] {
  const parsed = replySchema.safeParse(parseJson(body))
  if (!parsed.success)
    throw unexpectedResponse(`${url} answered ${status}, and not as a publish is answered`)
  const { padding: _, ...reply } = parsed.data
  return reply
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
