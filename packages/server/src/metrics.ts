import { counter, gauge, histogram, nameRequestSpan } from '@ens/observability'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const REQUEST = {
  route: 'the pattern of the route, never the path',
  status: 'HTTP status',
  blame: '`NONE`, `CLIENT` or `SERVER`',
  result: '`OK` or `NOT_OK`',
}

const requests = counter('en-server/requests_count', {
  description: 'Requests answered.',
  labels: REQUEST,
})
const latency = histogram('en-server/requests_latency', {
  description: 'Time from the request’s headers to the end of its reply.',
  unit: 'ms',
  labels: REQUEST,
  boundaries: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 15_000, 60_000, 300_000],
})
const refused = counter('en-server/connections_refused_count', {
  description: 'Connections closed at once because HTTP_MAX_CONNECTIONS were open.',
})
const shed = counter('en-server/requests_shed_count', {
  description: 'Requests refused because the instance had too much to do.',
  labels: { reason: '`IN_HAND` (MAX_REQUESTS_IN_HAND) or `EVENT_LOOP` (MAX_EVENT_LOOP_DELAY)' },
})
const limited = counter('en-server/requests_limited_count', {
  description:
    'Requests refused because their address had asked too often (RATE_LIMIT_PER_ADDRESS).',
})

/** Not `job`, which Prometheus has for what it scrapes. */
const JOB = { job_name: 'name of the job' }
const runs = counter('en-server/job/runs_count', {
  description: 'Job runs, by how they ended.',
  labels: { ...JOB, outcome: '`success`, `failure` or `skipped` (another instance was at it)' },
})
const duration = histogram('en-server/job/duration', {
  description: 'How long job runs took.',
  unit: 'ms',
  labels: JOB,
  boundaries: [10, 50, 100, 500, 1000, 5000, 15_000, 60_000, 300_000, 600_000],
})
const lastSuccess = gauge('en-server/job/last_success', {
  description:
    'When a job last ended well, in seconds since 1970; an old value means that it stands still.',
  unit: 's',
  labels: JOB,
})

/** Counts every request by route, status and whose fault a failure was, and names its span. */
export function recordRequests(app: Pick<FastifyInstance, 'addHook'>): void {
  app.addHook('onRequest', (request, _, done) => {
    nameRequestSpan(request.method, routeOf(request))
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply
    const labels = {
      route: routeOf(request),
      status: statusCode,
      blame: blameOf(statusCode),
      result: statusCode < 400 ? 'OK' : 'NOT_OK',
    }
    requests.add(1, labels)
    latency.record(reply.elapsedTime, labels)
    done()
  })
}

/** What an instance has too much of. */
export type Excess = 'IN_HAND' | 'EVENT_LOOP'

/** Counts a request that was refused because there is too much to do. */
export function recordShed(reason: Excess): void {
  shed.add(1, { reason })
}

/** Counts a request of an address that has asked too often. */
export function recordLimited(): void {
  limited.add()
}

/** Counts a connection that was not let in. */
export function recordRefusedConnection(): void {
  refused.add()
}

const OUTCOMES = ['success', 'failure', 'skipped'] as const

/** Has the runs of a job be seen from the start: a counter that comes into being with 1 never rose, and no alert would see it. */
export function expectJob(job: string): void {
  for (const outcome of OUTCOMES) runs.add(0, { job_name: job, outcome })
}

/** Counts one run of a job, and remembers when it last went well. */
export function recordJob(
  job: string,
  outcome: (typeof OUTCOMES)[number],
  elapsedMs: number,
  at: Date,
): void {
  const labels = { job_name: job }
  runs.add(1, { ...labels, outcome })
  if (outcome !== 'skipped') duration.record(elapsedMs, labels)
  if (outcome === 'success') lastSuccess.record(Math.floor(at.getTime() / 1000), labels)
}

/** The pattern, never the path: paths are the clients' to choose. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unknown'
}

function blameOf(status: number): string {
  if (status >= 500) return 'SERVER'
  return status >= 400 ? 'CLIENT' : 'NONE'
}
