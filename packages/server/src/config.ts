import { env, integer, text, textIfSet, timeout } from '@ens/config'
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
