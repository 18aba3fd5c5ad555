import { setTimeout as pause } from 'node:timers/promises'
import { azureFailure } from './failure.ts'

export interface RetryOptions {
  signal: AbortSignal
  /** From 0 to 1, evenly. */
  random: () => number
}

const MOST_RETRIES = 6
const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 5_000

/**
 * Calls again what failed for the moment, up to six times, each time after a random part of a wait that doubles (0.2 s to
 * 5 s), or after as long as Azure asks for. `attempt` is told whether an earlier one may have taken effect. Throws the last error.
 */
export async function retrying<T>(
  { signal, random }: RetryOptions,
  attempt: (isRepeated: boolean) => Promise<T>,
): Promise<T> {
  for (let failed = 0; ; failed++) {
    try {
      return await attempt(failed > 0)
    } catch (error) {
      const { isTransient, retryAfterMs } = azureFailure(error)
      if (signal.aborted || failed === MOST_RETRIES || !isTransient) throw error
      const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failed)
      await pause(Math.max(retryAfterMs, longest * random()), undefined, { signal })
    }
  }
}
