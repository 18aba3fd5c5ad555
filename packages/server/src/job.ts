import { createHash, timingSafeEqual } from 'node:crypto'
import { isAppError } from '@ens/errors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { jobStuck, jobTimeoutTooLong, jobTokenWrong } from './errors.ts'
import { expectJob, recordJob } from './metrics.ts'

export type Exclusive<T> = { ran: true; result: T } | { ran: false }

/** Runs the work unless another instance is at it. `lost` aborts when the lock turned out to be another's. */
export type RunExclusively = <T>(
  ttlMs: number,
  work: (lock: { lost: AbortSignal }) => Promise<T>,
) => Promise<Exclusive<T>>

export interface JobOptions {
  /** The job's name in logs and metrics. */
  name: string
  /** Longest one run may take; then its signal aborts. */
  timeoutMs: number
  /** Longest that a run may take to end after its deadline; then it is given up as stuck. */
  graceMs?: number
  /** Where one run at a time is enough across the fleet. */
  exclusively?: RunExclusively
  /** Asked for as a bearer token when set. */
  token?: string | undefined
  now: () => Date
}

/** A lock outlives the deadline by this, so that a run that is just ending is not joined by another. */
const GRACE_MS = 30_000

/** What a timer of Node holds. */
const MAX_TIMER_MS = 2 ** 31

type Run = (signal: AbortSignal, request: FastifyRequest) => Promise<object>

/**
 * Mounts work that a scheduler starts, for any method: 200 with `ok` and what the run returns, 200 with `too early` while another
 * instance holds the lock, 500 with `error` when it failed. The run's signal aborts at the deadline, when the caller hangs up
 * and when the service stops; it should then let go of what it holds and return or throw. The lock is released on a context of its own, also from
 * under a run that does not end: it would keep every later one out. Throws `job_timeout_too_long` at once where no timer
 * holds the deadline.
 */
export function mountJob(app: App, path: string, job: JobOptions, run: Run): void {
  requireTimer(job)
  expectJob(job.name)
  const stopping = stopSignal(app)
  app.all(path, async (request, reply) => {
    if (!isAuthorized(request, job.token)) return refuse(reply)
    const ends = AbortSignal.any([stopping, hangUpSignal(reply)])
    const { status, body } = await answer(job, request, ends, run)
    return sendJson(reply, status, body)
  })
}

/** A timer that is set too far ahead goes off at once, and every run would end as it begins. */
function requireTimer({ name, timeoutMs, graceMs = GRACE_MS }: JobOptions): void {
  if (timeoutMs + graceMs < MAX_TIMER_MS) return
  throw jobTimeoutTooLong(`the time-out of job ${name} is longer than 576h; set a shorter one`)
}

/** Runs the job once, records how it went, and says what to reply. */
async function answer(
  job: JobOptions,
  request: FastifyRequest,
  ends: AbortSignal,
  run: Run,
): Promise<{ status: number; body: object }> {
  const startedAt = performance.now()
  request.log.info({ job: job.name }, 'job started')
  const record = (outcome: 'success' | 'skipped' | 'failure') => {
    const elapsedMs = Math.round(performance.now() - startedAt)
    recordJob(job.name, outcome, elapsedMs, job.now())
    return { job: job.name, durationMs: elapsedMs }
  }
  try {
    const outcome = await runOnce(job, ends, (signal) => run(signal, request))
    const details = record(outcome.ran ? 'success' : 'skipped')
    if (!outcome.ran) {
      request.log.info(details, 'job skipped: another instance is at it')
      return { status: 200, body: { error: 'too early' } }
    }
    request.log.info({ ...details, ...outcome.result }, 'job done')
    return { status: 200, body: { ok: true, ...outcome.result } }
  } catch (error) {
    const details = record('failure')
    request.log.error({ ...details, err: error, ...endedBy(ends) }, 'job failed')
    return { status: 500, body: { error: messageOf(error, request.id) } }
  }
}

/** Mounts a read-only report for operators, behind the same token as the jobs. */
export function mountStatus(
  app: App,
  path: string,
  token: string | undefined,
  report: (request: FastifyRequest) => Promise<object>,
): void {
  app.get(path, async (request, reply) => {
    if (!isAuthorized(request, token)) return refuse(reply)
    return sendJson(reply, 200, await report(request))
  })
}

async function runOnce<T>(
  { timeoutMs, graceMs = GRACE_MS, exclusively = alone }: JobOptions,
  ends: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<Exclusive<T>> {
  const lastMs = timeoutMs + graceMs
  return exclusively(lastMs, ({ lost }) =>
    within(lastMs, run(AbortSignal.any([AbortSignal.timeout(timeoutMs), ends, lost]))),
  )
}

/** For jobs that any number of instances may be at. */
const alone: RunExclusively = async (_, work) => ({
  ran: true,
  result: await work({ lost: new AbortController().signal }),
})

async function within<T>(lastMs: number, run: Promise<T>): Promise<T> {
  const { promise: stuck, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(jobStuck()), lastMs)
  try {
    return await Promise.race([run, stuck])
  } finally {
    clearTimeout(timer)
  }
}

/** Aborts when the service is told to stop: a job would rarely end within the time that is left. */
function stopSignal(app: App): AbortSignal {
  const controller = new AbortController()
  app.addHook('preClose', async () => controller.abort(new Error('the service is stopping')))
  return controller.signal
}

function endedBy({ aborted, reason }: AbortSignal): { endedBy?: string } {
  return aborted && reason instanceof Error ? { endedBy: reason.message } : {}
}

/** Aborts when the connection ends before the reply was sent. */
function hangUpSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new Error('the caller hung up'))
  })
  return controller.signal
}

function isAuthorized(request: FastifyRequest, token: string | undefined): boolean {
  if (token === undefined) return true
  const [scheme = '', given = ''] = (request.headers.authorization ?? '').split(' ')
  return scheme.toLowerCase() === 'bearer' && timingSafeEqual(digest(given), digest(token))
}

/** Of equal length, whatever was given, so that comparing takes the same time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function refuse(reply: FastifyReply) {
  const { code, meaning } = jobTokenWrong
  return sendJson(reply.header('www-authenticate', 'Bearer'), 401, { error: meaning, code })
}

/** As the reference server: a line feed ends an error, and nothing a success. */
function sendJson(reply: FastifyReply, status: number, body: object) {
  const end = 'error' in body ? '\n' : ''
  // As bytes: to a text Fastify would add a charset.
  const bytes = Buffer.from(JSON.stringify(body) + end)
  return reply.code(status).header('content-type', 'application/json').send(bytes)
}

/** What operators read: the reason where it is ours to tell, else where to look. */
function messageOf(error: unknown, requestId: string): string {
  if (error instanceof AggregateError)
    return error.errors.map((one) => messageOf(one, requestId)).join('; ')
  if (isAppError(error)) return error.message
  return `internal error; the log has the reason under request_id ${requestId}`
}
