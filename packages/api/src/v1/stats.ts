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

/** Counts by a number of days; what is more is in the last. */
const distribution = (length: number) => z.array(z.uint32()).length(length)

/** The publishes of one UTC day, of the people of one health authority. */
export const statsDaySchema = z.strictObject({
  day: z.iso.datetime().meta({ description: 'Midnight UTC at the begin of the day.' }),
  publish_requests: z
    .strictObject({ unknown: z.uint32(), android: z.uint32(), ios: z.uint32() })
    .meta({ description: 'How many publishes, by what the phone says that it is.' }),
  total_teks_published: z.uint32().meta({ description: 'How many keys they held.' }),
  requests_with_revisions: z
    .uint32()
    .meta({ description: 'How many of them revised keys that were published before.' }),
  tek_age_distribution: distribution(16).meta({
    description:
      'How many publishes had an oldest key that began 0, 1, 2 … days before; 15 and more in the last.',
  }),
  onset_to_upload_distribution: distribution(30).meta({
    description:
      'How many publishes came 0, 1, 2 … days after the onset of symptoms; 29 and more in the last.',
  }),
  requests_missing_onset_date: z
    .uint32()
    .meta({ description: 'How many named no onset that could be believed.' }),
})

export type StatsDay = z.output<typeof statsDaySchema>

/** The body of every reply to a request for statistics, success or not. */
export const statsResponseSchema = z.strictObject({
  days: z.array(statsDaySchema).optional().meta({
    description: 'Oldest first; absent if there is no day that may be shown.',
  }),
  error: z.string().optional().meta({ description: 'What went wrong, for people.' }),
  code: z.string().optional().meta({ description: 'What went wrong, for programs.' }),
  padding: z.string().meta({
    contentEncoding: 'base64',
    description: 'Random; hides how long the rest is. Empty if the body could not be read.',
  }),
})

export type StatsResponse = z.output<typeof statsResponseSchema>
