import { setTimeout } from 'node:timers/promises'

const TRIES = 6
const FIRST_DELAY_MS = 200

export interface RetryOptions {
  signal: AbortSignal
  /** Spreads the tries of many writers; from 0 to 1. */
  random: () => number
  /** Whether another try may help. */
  isTransient: (error: unknown) => boolean
}

/** Tries up to six times within the signal, after growing pauses of random length; `tried` counts the tries before. */
export async function withRetries<T>(
  { signal, random, isTransient }: RetryOptions,
  attempt: (tried: number) => Promise<T>,
): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await attempt(tried)
    } catch (error) {
      if (tried + 1 === TRIES || signal.aborted || !isTransient(error)) throw error
      await setTimeout(random() * FIRST_DELAY_MS * 2 ** tried, undefined, { signal })
    }
  }
}
