import { databaseTimeout } from '@ens/database'
import { within } from './within.ts'

/** A copy of something in the database, kept fresh in the background. */
export interface Snapshot<T> {
  /**
   * The copy, if it was true at most that long ago; otherwise a new one. Throws what reading threw only when there is no
   * copy that is young enough.
   */
  get(maxAgeMs: number): Promise<T>
  /** Ends the background work. */
  close(): void
}

export interface SnapshotOptions<T> {
  /** Makes a copy; is shown the last one, and may return it when it is still true. */
  read: (known: T | undefined) => Promise<T>
  now: () => Date
  /** How long to wait after each look in the background. */
  intervalMs: number
  /** A look that takes longer has failed. */
  timeoutMs: number
  /** Only of looks in the background: of others their callers know. */
  onFailure: (error: unknown) => void
  /** Told after every look whether it succeeded. */
  onLook?: (succeeded: boolean) => void
}

/** Looks once at a time, however many ask: a stalled database holds up no more than those that need it. */
export function keepSnapshot<T>(options: SnapshotOptions<T>): Snapshot<T> {
  const { read, now, intervalMs, timeoutMs, onFailure, onLook } = options
  let known: { value: T; trueAt: number } | undefined
  let looking: Promise<T> | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  async function look(): Promise<T> {
    const trueAt = now().getTime()
    try {
      const value = await within(timeoutMs, read(known?.value), databaseTimeout)
      known = { value, trueAt }
      onLook?.(true)
      return value
    } catch (error) {
      onLook?.(false)
      throw error
    }
  }

  function refresh(): Promise<T> {
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }

  async function refreshInBackground(): Promise<void> {
    await refresh().catch(onFailure)
    schedule()
  }

  function schedule(): void {
    if (!closed) timer = setTimeout(() => void refreshInBackground(), intervalMs).unref()
  }

  schedule()
  return {
    async get(maxAgeMs) {
      const isYoung = known !== undefined && now().getTime() - known.trueAt <= maxAgeMs
      return known && isYoung ? known.value : refresh()
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
