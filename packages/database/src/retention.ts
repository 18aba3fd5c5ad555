import { duration, env, flag, formatDuration } from '@ens/config'
import { DAY_MS } from '@ens/domain'
import { z } from 'zod'
import { cleanupTtlTooShort } from './errors.ts'

/** Phones may look for keys of two weeks; with less than this they could miss some. */
const SHORTEST_TTL_MS = 240 * 3_600_000

/** How long things are kept, for the services that delete. Variables are those of the reference server. */
export const retentionConfig = z.object({
  ttlMs: env(
    'CLEANUP_TTL',
    duration('336h'),
    'What is older is deleted. At least 240h, or every run is refused. The export service and both clean-ups must be told the same.',
  ),
  timeoutMs: env(
    'CLEANUP_TIMEOUT',
    duration('10m').refine((ms) => ms > 0 && ms <= DAY_MS, 'must be more than 0 and at most 24h'),
    'Longest that a run may take, or each step of cleanup-exposure; what is left is done by the next run.',
  ),
  allowsShortTtl: env(
    'DEBUG_OVERRIDE_CLEANUP_MIN_DURATION',
    flag(false),
    'Allows a CLEANUP_TTL of less than 240h. For tests: phones miss what is deleted too early.',
  ),
})

export type RetentionConfig = z.output<typeof retentionConfig>

/**
 * What is older than this moment may go. Throws `cleanup_ttl_too_short`: at each run and not at the start, as operators are
 * used to. A negative time is refused whatever is allowed, because keys that may not be seen yet are dated ahead.
 */
export function retentionCutoff(
  { ttlMs, allowsShortTtl }: Pick<RetentionConfig, 'ttlMs' | 'allowsShortTtl'>,
  now: Date,
): Date {
  const shortestMs = allowsShortTtl ? 0 : SHORTEST_TTL_MS
  if (ttlMs < shortestMs)
    throw cleanupTtlTooShort(
      `cleanup ttl ${formatDuration(ttlMs)} is less than configured minimum ttl of ${formatDuration(shortestMs)}`,
    )
  return new Date(now.getTime() - ttlMs)
}
