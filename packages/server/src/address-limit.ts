import { isIP } from 'node:net'
import { counter } from '@ens/observability'
import rateLimit from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'

const limited = counter('en-server/requests_limited_count', {
  description:
    'Requests refused because their address had asked too often (RATE_LIMIT_PER_ADDRESS).',
})

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
    limited.add()
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
