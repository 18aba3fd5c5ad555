import { isAppError } from '@ens/errors'
import { counter, type Logger } from '@ens/observability'

/** What is deleted here: keys, and the two kinds of rows of the statistics. */
export type Deletable = 'exposures' | 'publish-events' | 'publish-hours'

/** What happens while exposures are cleaned up: each a log line, its metrics, or both. */
export type CleanupEvents = ReturnType<typeof cleanupEvents>

const metric = (name: string) => `en-server/cleanup/exposure/${name}`

const successes = counter(metric('success'), { description: 'Clean-ups that ended well.' })
const rows = counter(metric('deleted_count'), {
  description: 'Rows deleted because of their age, by what they hold.',
  labels: { what: '`exposures`, `publish-events` or `publish-hours`' },
})
const failures = counter(metric('failures_count'), {
  description: 'Steps of a clean-up that failed, by step and code.',
  labels: { step: 'step of the clean-up', code: 'the code of the error' },
})

export function cleanupEvents(log: Logger) {
  return {
    deleted(what: Deletable, count: number): void {
      if (count > 0) rows.add(count, { what })
    },

    revisionsDue(since: Date): void {
      log.debug({ since }, 'keys that were revised since then may stay longer')
    },

    failed(step: string, error: unknown): void {
      failures.add(1, { step, code: isAppError(error) ? error.code : 'internal_error' })
      log.error({ step, err: error }, 'a step failed; the next run goes on from there')
    },

    done(): void {
      successes.add()
    },

    connectionLost(error: Error): void {
      log.warn({ err: error }, 'an idle connection to the database was lost')
    },
  }
}
