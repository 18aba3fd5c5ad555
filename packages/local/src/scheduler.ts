import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

interface Job {
  name: string
  url: string
  everyMs: number
}

export interface SchedulerOptions {
  jobs: readonly Job[]
  /** Sent as a bearer token. */
  token: string
  log: (line: string) => void
  /** The context of a trace that each run begins, as a W3C `traceparent`. */
  traceparent?: () => string
  /** Waits, or rejects when the signal aborts. */
  wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

export interface Scheduler {
  /** Why the last run of a job failed, while it does. */
  failures(): string[]
  /** Lets runs under way end, and calls no more. */
  stop(): Promise<void>
}

const LONGEST_WAIT_MS = 10_000
const RUN_TIMEOUT_MS = 600_000 // as the schedules in production
const STOP_WITHIN_MS = 5_000

/**
 * Calls each job on its cadence, as a cloud's scheduler does: never while its last run lasts, and after a failure less and
 * less often, up to every 10 s, until it succeeds again.
 */
export function startScheduler({
  jobs,
  token,
  log,
  traceparent = newTrace,
  wait = (ms, signal) => pause(ms, undefined, { signal }),
}: SchedulerOptions): Scheduler {
  const stopping = new AbortController()
  const hangingUp = new AbortController()
  const failures = new Map<string, string>()

  async function runOften(job: Job): Promise<void> {
    for (let failed = 0; !stopping.signal.aborted; ) {
      const failure = await run(job, { token, traceparent: traceparent() }, hangingUp.signal)
      failed = failure ? failed + 1 : 0
      if (failure) failures.set(job.name, failure)
      else failures.delete(job.name)
      if (failure) log(`${job.name}: ${failure}`)
      await wait(waitMs(job, failed), stopping.signal).catch(() => {}) // stopping
    }
  }

  const loops = Promise.all(jobs.map(runOften))
  return {
    failures: () => [...failures].map(([job, failure]) => `${job}: ${failure}`),
    async stop() {
      stopping.abort()
      const insist = setTimeout(() => hangingUp.abort(), STOP_WITHIN_MS)
      await loops
      clearTimeout(insist)
    },
  }
}

/** Sampled: a run is worth a trace wherever traces are taken. See https://www.w3.org/TR/trace-context/#traceparent-header */
function newTrace(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
}

const waitMs = ({ everyMs }: Job, failed: number) =>
  Math.max(everyMs, Math.min(LONGEST_WAIT_MS, everyMs * 2 ** failed))

/** Undefined, or what went wrong. */
async function run(
  job: Job,
  { token, traceparent }: { token: string; traceparent: string },
  hangUp: AbortSignal,
): Promise<string | undefined> {
  try {
    const reply = await fetch(job.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, traceparent },
      signal: AbortSignal.any([hangUp, AbortSignal.timeout(RUN_TIMEOUT_MS)]),
    })
    const body = await reply.text()
    return reply.ok ? undefined : `answered ${reply.status}: ${body.trim().slice(0, 200)}`
  } catch (error) {
    const { cause, message } = error as Error
    return `no answer: ${cause instanceof Error ? cause.message : message}`
  }
}
