import { z } from 'zod'
import { type BodyDecoder, bodyDecoder } from '../decode-body.ts'
import { text } from './sent-key.ts'

/** The body of `POST /v1/stats`. */
export const statsRequestSchema = z.strictObject({
  padding: text.meta({ description: 'Ignored; makes requests equally long.' }),
})

export type StatsRequest = z.output<typeof statsRequestSchema>

/** Throws `bad_request`; this route answers all of them with status 400. */
export const decodeStatsBody: BodyDecoder<StatsRequest> = bodyDecoder(statsRequestSchema)
