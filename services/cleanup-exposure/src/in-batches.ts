import { exposuresLeft } from './errors.ts'

export interface Batches {
  /** Most rows that one batch deletes. */
  size: number
  /** Deletes one batch and says how many rows it was. */
  remove: () => Promise<number>
  /** Lets others at the database; resolves after that many milliseconds, or when the run is to end. */
  rest: (ms: number, signal: AbortSignal) => Promise<void>
  signal: AbortSignal
}

/**
 * Deletes batch after batch until one is not full. Between two it rests as long as the last one took, so that publishes find the
 * database at least half free. Throws `cleanup_exposures_left` when the signal aborts first; what is deleted stays so.
 */
export async function inBatches({ size, remove, rest, signal }: Batches): Promise<number> {
  for (let deleted = 0; ; ) {
    if (signal.aborted) throw exposuresLeft(undefined, { cause: signal.reason })
    const startedAt = performance.now()
    const count = await remove()
    deleted += count
    if (count < size) return deleted
    await rest(performance.now() - startedAt, signal)
  }
}
