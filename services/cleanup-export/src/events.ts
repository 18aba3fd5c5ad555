import type { exportCleanUp } from '@ens/database'
import { isAppError } from '@ens/errors'
import { counter, gauge, type Logger } from '@ens/observability'

/** What happens while exports are cleaned up: each a log line, its metrics, or both. */
export type CleanupEvents = ReturnType<typeof cleanupEvents>

const metric = (name: string) => `en-server/cleanup/export/${name}`

const successes = counter(metric('success'), { description: 'Clean-ups that ended well.' })
const archives = counter(metric('deleted_count'), { description: 'Archives deleted.' })
const rows = counter(metric('rows_count'), {
  description: 'Rows that were changed or removed besides, by what was done.',
  labels: { what: 'what was done' },
})
const failures = counter(metric('failures_count'), {
  description: 'Archives that could not be deleted, and steps that failed, by step and code.',
  labels: { step: 'step of the clean-up', code: 'the code of the error' },
})
const stillListed = gauge(metric('overdue_archives'), {
  description: 'Archives that should be gone for a day, and are listed in an index yet.',
})

export function cleanupEvents(log: Logger) {
  return {
    deleted({ bucketName, filename }: exportCleanUp.DoomedFile): void {
      archives.add()
      log.debug({ bucketName, filename }, 'archive deleted')
    },

    notDeleted({ bucketName, filename }: exportCleanUp.DoomedFile, error: unknown): void {
      failures.add(1, { step: 'archives', code: codeOf(error) })
      const message = 'an archive could not be deleted; the next run tries it again'
      log.error({ bucketName, filename, err: error }, message)
    },

    changed(what: string, count: number): void {
      if (count > 0) rows.add(count, { what })
    },

    overdue(count: number): void {
      stillListed.record(count)
      if (count === 0) return
      const message =
        'archives that should be gone for a day are listed yet: does /do-work of the export service run?'
      log.warn({ archives: count }, message)
    },

    failed(step: string, error: unknown): void {
      failures.add(1, { step, code: codeOf(error) })
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

function codeOf(error: unknown): string {
  return isAppError(error) ? error.code : 'internal_error'
}
