import type { FastifyReply } from 'fastify'
import { addressLimit } from './address-limit.ts'
import type { App } from './app.ts'
import type { LimitsConfig } from './config.ts'
import { watchOverload } from './overload.ts'

/** How an API says no before it has looked at a request. */
export interface Refusals {
  /** The instance has too much to do. */
  overloaded(reply: FastifyReply): unknown
  /** This address has asked too often, and may ask again after so many seconds. */
  limited(reply: FastifyReply, seconds: number): unknown
}

/** Bounds what routes take in. It looks at no header but the proxies', so that all requests are refused alike. */
export interface Guard {
  /** Refuses requests of this scope before their bodies are read. */
  watch(scope: App, refusals: Refusals): void
  /**
   * Does the work of a request that was read whole, or refuses it: while it was being read, others came. The work is in hand
   * until it is done, also when its caller has hung up.
   */
  run(reply: FastifyReply, refusals: Refusals, work: () => Promise<unknown>): Promise<unknown>
}

/** Makes the guard of an app's routes; all that it watches share its limits. */
export async function guardRoutes(app: App, limits: LimitsConfig): Promise<Guard> {
  const overload = await watchOverload(app, limits)
  const secondsToWait = await addressLimit(app, limits.maxPerAddress)
  return {
    watch(scope, refusals) {
      if (secondsToWait)
        scope.addHook('onRequest', async (request, reply) => {
          const seconds = await secondsToWait(request)
          if (seconds !== undefined) await refusals.limited(reply, seconds)
        })
      scope.addHook('onRequest', async (_, reply) => {
        if (overload.isOver()) await refusals.overloaded(reply)
      })
    },
    run: (reply, refusals, work) =>
      overload.isOver() ? Promise.resolve(refusals.overloaded(reply)) : overload.hold(work),
  }
}
