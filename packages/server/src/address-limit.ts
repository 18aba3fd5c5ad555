import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { recordLimited } from './metrics.ts'

const WINDOW_MS = 60_000

/** So many addresses are remembered, the latest, and each for a minute: 7 MB when full. */
const REMEMBERED = 20_000

/**
 * Counts requests by client address. Returns the seconds after which an address that has asked too often may ask again;
 * undefined for one that has not. Undefined altogether without a limit: then no address is looked at.
 */
export async function addressLimit(
  app: App,
  maxPerMinute: number,
): Promise<((request: FastifyRequest) => Promise<number | undefined>) | undefined> {
  if (maxPerMinute === 0) return undefined
  const { default: rateLimit } = await import('@fastify/rate-limit')
  await app.register(rateLimit, {
    global: false,
    max: maxPerMinute,
    timeWindow: WINDOW_MS,
    cache: REMEMBERED,
    keyGenerator: (request) => rateLimit.normalizeIP(addressOf(request)),
  })
  const count = app.createRateLimit()
  return async (request) => {
    const outcome = await count(request)
    if (outcome.isAllowed || !outcome.isExceeded) return undefined
    recordLimited()
    return outcome.ttlInSeconds
  }
}

/** A proxy that passes on nonsense is counted itself. */
function addressOf({ ip, socket }: FastifyRequest): string {
  const address = withoutPort(ip)
  return isIP(address) ? address : (socket.remoteAddress ?? '')
}

/** Some proxies, those of Azure for one, tell the port as well. */
function withoutPort(text: string): string {
  const [, bracketed, plain] = /^(?:\[(.+)\](?::\d+)?|([\d.]+):\d+)$/.exec(text) ?? []
  return bracketed ?? plain ?? text
}
