import { createPrivateKey } from 'node:crypto'
import { type StatsDay, statsDaySchema, statsResponseSchema } from '@ens/api'
import { signToken } from '@ens/verification'
import { z } from 'zod'
import type { Issuer } from './certify-keys.ts'
import { type PostOptions, postJson, readReply } from './post-json.ts'

/** Who signs a token for statistics; the same key as for certificates. */
export type StatsReader = Pick<Issuer, 'issuer' | 'keyId' | 'privateKey'>

export interface StatsInput {
  /** Of `/v1/stats`. */
  url: string
  reader: StatsReader
  /** What the server calls itself; the usual name if not said. */
  audience?: string
  now: Date
}

export interface StatsOutcome {
  accepted: boolean
  status: number
  /** Oldest first; empty while there is nothing that may be shown. */
  days: StatsDay[]
  /** Why it was refused. */
  code?: string
  error?: string
}

const AUDIENCE = 'keyserver'
const LIFETIME_SECONDS = 300

/** Reads how the people of a health authority publish. A refusal is an outcome. */
export async function readStats(
  input: StatsInput,
  options: PostOptions = {},
): Promise<StatsOutcome> {
  const headers = { authorization: `Bearer ${statsToken(input)}` }
  const answer = await postJson(input.url, {}, options, headers)
  const { days = [], code, error } = readReply(input.url, answer, replySchema)
  return {
    accepted: answer.status === 200,
    status: answer.status,
    days,
    ...(code !== undefined && { code }),
    ...(error !== undefined && { error }),
  }
}

/** Fields that we do not know are left out; servers in maintenance send no padding. */
const replySchema = z.object({
  ...statsResponseSchema.shape,
  days: z.array(z.object(statsDaySchema.shape)).optional(),
  padding: z.string().optional(),
})

/** The token, valid for a few minutes from now on. */
export function statsToken({ reader, audience = AUDIENCE, now }: Omit<StatsInput, 'url'>): string {
  const { issuer, keyId, privateKey } = reader
  const iat = Math.floor(now.getTime() / 1000)
  return signToken({
    claims: { iss: issuer, aud: audience, iat, nbf: iat - 1, exp: iat + LIFETIME_SECONDS },
    privateKey: typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey,
    keyId,
  })
}
