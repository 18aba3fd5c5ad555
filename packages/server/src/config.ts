import { duration, env, integer, text, textIfSet } from '@ens/config'
import { z } from 'zod'

const positive = (fallback: string) =>
  duration(fallback).refine((ms) => ms > 0, 'must be more than 0s')

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
      positive('10s'),
      'Longest that a client may take to send the headers of a request.',
    ),
    requestTimeoutMs: env(
      'HTTP_REQUEST_TIMEOUT',
      positive('30s'),
      'Longest that a client may take to send a whole request. How long the answer takes is not limited by it.',
    ),
    keepAliveTimeoutMs: env(
      'HTTP_KEEP_ALIVE_TIMEOUT',
      positive('75s'),
      'An idle connection is closed after this long; longer than the load balancer’s own time.',
    ),
    shutdownTimeoutMs: env(
      'SHUTDOWN_TIMEOUT',
      positive('10s'),
      'Longest to wait for requests in hand when the service is told to stop; then their connections are cut.',
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
