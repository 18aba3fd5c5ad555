import { isAppError } from '@ens/errors'
import { counter, type Logger } from '@ens/observability'

/** What happens while keys are rotated: each a log line and its metrics. Never a key, wrapped or not. */
export type RotationEvents = ReturnType<typeof rotationEvents>

const successes = counter('en-server/key-rotation/success', {
  description: 'Runs of /rotate-keys that ended well.',
})
const changes = counter('en-server/key-rotation/keys_count', {
  description: 'Keys of revision tokens that were created and destroyed.',
  labels: { change: '`created` or `destroyed`' },
})
const failures = counter('en-server/key-rotation/failures_count', {
  description: 'Keys of revision tokens that could not be created or destroyed, by code.',
  labels: { code: 'the code of the error' },
})

export function rotationEvents(log: Logger) {
  return {
    created(kid: number): void {
      changes.add(1, { change: 'created' })
      log.info({ kid }, 'revision key created; it seals tokens from now on')
    },

    destroyed(kid: number): void {
      changes.add(1, { change: 'destroyed' })
      log.info({ kid }, 'revision key destroyed; its tokens are good no more')
    },

    failed(step: string, error: unknown): void {
      failures.add(1, { code: isAppError(error) ? error.code : 'internal_error' })
      log.error({ step, err: error }, 'a step failed; the next run tries it again')
    },

    done(): void {
      successes.add()
    },

    connectionLost(error: Error): void {
      log.warn({ err: error }, 'an idle connection to the database was lost')
    },
  }
}
