import type { SentKey } from '@ens/domain'
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

export const sentKeySchema = z.strictObject({
  key: text.meta({ description: 'The 16 bytes of the exposure key in base64.' }),
  rollingStartNumber: int32.meta({
    description: 'The ten-minute interval since 1970 at which the key starts.',
  }),
  rollingPeriod: int32.meta({
    description: 'For how many intervals the key is valid, 1 to 144. There is no default.',
  }),
  transmissionRisk: int64.meta({
    description: '0 to 8; if 0 or absent, filled in from the report type of the certificate.',
  }),
}) satisfies z.ZodType<SentKey>
