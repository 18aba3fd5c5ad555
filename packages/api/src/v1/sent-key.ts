import { MAX_INTERVAL_COUNT, type SentKey } from '@ens/domain'
import { z } from 'zod'

const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n

/** Signed 32 bits; 0 if absent. */
export const int32 = z.int32().default(0)

/** Signed 64 bits, as a bigint where a number would be inexact; 0 if absent. */
const int64 = z
  .custom<number | bigint>(isInt64, { error: 'Invalid input: expected a 64-bit integer' })
  .default(0)
  .meta({ type: 'integer', format: 'int64' })

function isInt64(value: unknown): boolean {
  if (typeof value === 'bigint') return value >= MIN_INT64 && value <= MAX_INT64
  return Number.isSafeInteger(value)
}

/** Text that is empty if absent. */
export const text = z.string().default('')

/** Bytes as text. */
export const base64 = text.meta({ contentEncoding: 'base64' })

/** The bounds in the descriptions are told, not checked: a key outside them is left out, the others are not. */
export const sentKeySchema = z.strictObject({
  key: base64.meta({ description: 'The 16 bytes of the exposure key.' }),
  rollingStartNumber: int32.meta({
    description: 'The ten-minute interval, counted from 1970, at which the key starts.',
    minimum: 0,
  }),
  rollingPeriod: int32.meta({
    description: 'For how many intervals the key is valid. There is no default.',
    minimum: 1,
    maximum: MAX_INTERVAL_COUNT,
  }),
  transmissionRisk: int64.meta({
    description: 'If 0 or absent, filled in from the report type of the certificate.',
    minimum: 0,
    maximum: 8,
  }),
}) satisfies z.ZodType<SentKey>
