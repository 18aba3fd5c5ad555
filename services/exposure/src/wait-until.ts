import { setImmediate, setTimeout } from 'node:timers/promises'

/** Timers count whole milliseconds, and may be late by one. */
const TIMER_GRAIN_MS = 2

/**
 * Waits until a moment of the monotonic clock, to a fraction of a millisecond: by a timer as long as that is exact enough, then
 * by looking at the clock each time the process comes round.
 */
export async function waitUntil(moment: number, clock: () => number): Promise<void> {
  const timerMs = Math.floor(moment - clock() - TIMER_GRAIN_MS)
  if (timerMs > 0) await setTimeout(timerMs)
  while (clock() < moment) await setImmediate()
}
