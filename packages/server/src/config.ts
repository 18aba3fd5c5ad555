import { isIP } from 'node:net'
import { duration, env, integer, list, text, textIfSet, timeout } from '@ens/config'
import { z } from 'zod'

/** How a service listens, how long it waits for clients, and how it stops. */
export const serverConfig = z
  .object({
    port: env(
      'PORT',
      integer({ min: 0, max: 65_535, fallback: 8080 }),
      'Port to listen on; 0 picks a free one.',
    ),
    host: env('HOST', text('0.0.0.0'), 'Address to listen on. `::` listens on IPv6 as well.'),
    headersTimeoutMs: env(
      'HTTP_HEADERS_TIMEOUT',
      timeout('10s'),
      'Longest that a client may take to send the headers of a request.',
    ),
    requestTimeoutMs: env(
      'HTTP_REQUEST_TIMEOUT',
      timeout('30s'),
      'Longest that a client may take to send a whole request. How long the answer takes is not limited by it.',
    ),
    keepAliveTimeoutMs: env(
      'HTTP_KEEP_ALIVE_TIMEOUT',
      timeout('75s'),
      'An idle connection is closed after this long; longer than the load balancer’s own time.',
    ),
    shutdownTimeoutMs: env(
      'SHUTDOWN_TIMEOUT',
      timeout('20s'),
      'Longest to wait for requests in hand when the service is told to stop; then their connections are cut. The default is longer than the 15s that a publish may take. Cloud Run kills an instance 10s after it told it to stop, whatever is set here.',
    ),
    maxConnections: env(
      'HTTP_MAX_CONNECTIONS',
      integer({ min: 0, max: 1_000_000, fallback: 1000 }),
      'Most connections that one instance holds at once; what comes beyond is closed at once. 0 is no limit. It bounds memory: each may hold a body in the making, 256 KiB in the exposure service, so 1000 hold 250 MiB at worst.',
    ),
    jobToken: env(
      'JOB_TOKEN',
      textIfSet(),
      'When set, job and status routes ask for it as a bearer token. Needless where the platform checks who calls.',
      { secret: true },
    ),
  })
  .superRefine(({ headersTimeoutMs, requestTimeoutMs }, context) => {
    if (headersTimeoutMs > requestTimeoutMs)
      context.addIssue({
        code: 'custom',
        path: ['headersTimeoutMs'],
        message: 'longer than HTTP_REQUEST_TIMEOUT, which covers the headers too',
      })
  })

export type ServerConfig = z.output<typeof serverConfig>

/** Names for ranges of addresses that need not be spelled out. */
const RANGES = ['loopback', 'linklocal', 'uniquelocal']

/** How a service that anybody may call protects itself. */
export const limitsConfig = z.object({
  maxInHand: env(
    'MAX_REQUESTS_IN_HAND',
    integer({ min: 0, max: 100_000, fallback: 500 }),
    'Most requests that one instance works on at once; further ones are answered 503 with `Retry-After`, if possible before their body is read. 0 is no limit. Each may hold a body of 256 KiB, so 500 hold 125 MiB at worst, besides those still being sent (`HTTP_MAX_CONNECTIONS`).',
  ),
  maxEventLoopDelayMs: env(
    'MAX_EVENT_LOOP_DELAY',
    duration('1s').refine((ms) => ms >= 0, 'must not be negative'),
    'While the process comes round later than this to what it has to do, on the average of a second, requests are answered 503 like those beyond `MAX_REQUESTS_IN_HAND`. 0 is no limit.',
  ),
  maxPerAddress: env(
    'RATE_LIMIT_PER_ADDRESS',
    integer({ min: 0, max: 1_000_000, fallback: 0 }),
    'Most requests a minute from one client address (IPv6: from one /64 network) that one instance takes; further ones are answered 429. Many phones share an address, so be generous. 0, the default, is no limit: a load balancer knows more. Behind one, set `TRUSTED_PROXIES` too, or all phones share its address.',
  ),
  trustedProxies: env(
    'TRUSTED_PROXIES',
    list('').refine((items) => items.every(isNetwork), {
      message: `not addresses, networks such as 10.0.0.0/8, or ${RANGES.join(', ')}`,
    }),
    'The proxies in front whose `X-Forwarded-For` is believed: addresses, networks such as `10.0.0.0/8`, or `loopback`, `linklocal` (where Cloud Run’s own proxy is), `uniquelocal`, separated by commas. Every proxy on the way must be among them. Only `RATE_LIMIT_PER_ADDRESS` looks at it. By default none, and the address is that of the connection.',
  ),
})

export type LimitsConfig = z.output<typeof limitsConfig>

/** A network of everybody, `0.0.0.0/0`, is none: nobody's word would have to be believed. */
function isNetwork(text: string): boolean {
  const [address = '', bits = '1', ...rest] = text.split('/')
  const longest = { 4: 32, 6: 128 }[isIP(address)] ?? 0
  const isLength = /^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= longest
  return RANGES.includes(text) || (isLength && rest.length === 0 && !address.includes('%'))
}
