import { setTimeout as pause } from 'node:timers/promises'
import { azureFailure } from './failure.ts'

export interface RetryOptions {
  signal: AbortSignal
  /** From 0 to 1, evenly. */
  random: () => number
  /** Longest that one attempt may take; 10 s unless said. */
  attemptMs?: number | undefined
  /** Whether it may be done twice; otherwise it is repeated only when it is certain that it was not done. True unless said. */
  repeatable?: boolean | undefined
}

/** What has no answer by then, its token included, hardly ever gets one; another attempt does. As for AWS. */
const ATTEMPT_MS = 10_000
const MOST_RETRIES = 6
const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 5_000

/**
 * Calls again what failed for the moment or took too long, up to six times, each time after a random part of a wait that
 * doubles (0.2 s to 5 s), or after as long as Azure asks for. `attempt` is given a signal of its own, and told whether an
 * earlier one may have taken effect. Throws the last error.
 */
export async function retrying<T>(
  { signal, random, attemptMs = ATTEMPT_MS, repeatable = true }: RetryOptions,
  attempt: (signal: AbortSignal, isRepeated: boolean) => Promise<T>,
): Promise<T> {
  for (let failed = 0; ; failed++) {
    try {
      return await limited(signal, attemptMs, (limit) => attempt(limit, failed > 0))
    } catch (error) {
      const { isTransient, isUndone, retryAfterMs } = azureFailure(error)
      const mayRepeat = repeatable ? isTransient : isUndone
      if (signal.aborted || failed === MOST_RETRIES || !mayRepeat) throw error
      const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failed)
      await pause(Math.max(retryAfterMs, longest * random()), undefined, { signal })
    }
  }
}

/** Ends the attempt when its time is over, though what it waits for should not heed the signal. */
async function limited<T>(
  signal: AbortSignal,
  ms: number,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const reason = timedOut(ms)
    reject(reason)
    limit.abort(reason)
  }, ms)
  try {
    return await Promise.race([attempt(AbortSignal.any([signal, limit.signal])), late])
  } finally {
    clearTimeout(timer)
  }
}

/** With a code as of a network that failed. */
function timedOut(ms: number): Error {
  return Object.assign(new Error(`no answer within ${ms} ms`), { code: 'ETIMEDOUT' })
}
