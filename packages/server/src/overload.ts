import underPressure from '@fastify/under-pressure'
import type { App } from './app.ts'
import type { LimitsConfig } from './config.ts'
import { type Excess, recordShed } from './metrics.ts'

export interface Overload {
  /** Whether one more request is too much now; it is then counted as refused. */
  isOver(): boolean
  /** Counts the work as in hand until it is done. */
  hold<T>(work: () => Promise<T>): Promise<T>
}

export interface OverloadOptions extends Pick<LimitsConfig, 'maxInHand' | 'maxEventLoopDelayMs'> {
  /** How often the event loop's delay is reckoned. */
  sampleMs?: number
}

/** While requests are refused, the log says so this often. */
const TELL_MS = 10_000

/** Watches how much an instance has to do. A limit of 0 is none. */
export async function watchOverload(app: App, options: OverloadOptions): Promise<Overload> {
  const { maxInHand, maxEventLoopDelayMs, sampleMs = 1000 } = options
  const isLate = await watchEventLoop(app, maxEventLoopDelayMs, sampleMs)
  const tell = nowAndThen((refused, reason) =>
    app.log.warn({ refused, reason }, 'too much to do: requests are refused unread'),
  )
  let inHand = 0

  function excess(): Excess | undefined {
    if (maxInHand > 0 && inHand >= maxInHand) return 'IN_HAND'
    return isLate() ? 'EVENT_LOOP' : undefined
  }

  return {
    isOver() {
      const reason = excess()
      if (!reason) return false
      recordShed(reason)
      tell(reason)
      return true
    },
    async hold(work) {
      inHand++
      try {
        return await work()
      } finally {
        inHand--
      }
    },
  }
}

async function watchEventLoop(app: App, maxMs: number, sampleMs: number): Promise<() => boolean> {
  if (maxMs === 0) return () => false
  await app.register(underPressure, {
    maxEventLoopDelay: maxMs,
    sampleInterval: sampleMs,
    // Probes must go on, so each route asks for itself.
    pressureHandler: () => undefined,
  })
  return () => app.isUnderPressure()
}

/** A line for every refused request would be the last straw. */
function nowAndThen(say: (refused: number, reason: Excess) => void): (reason: Excess) => void {
  let refused = 0
  let lastAt = Number.NEGATIVE_INFINITY
  return (reason) => {
    refused++
    if (performance.now() - lastAt < TELL_MS) return
    say(refused, reason)
    refused = 0
    lastAt = performance.now()
  }
}
