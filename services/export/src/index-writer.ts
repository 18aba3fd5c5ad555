import { type IndexDeps, writeDueIndexes } from './write-index.ts'

/** Says when the indexes of one run are written. */
export interface IndexWriter {
  /** A batch of this config has files that no index lists yet. */
  completed(configId: number): void
  /** Writes what has waited long enough. Called between batches. */
  write(): Promise<void>
  /** Writes every index that is due, also for a run that was told to end. */
  end(): Promise<void>
}

const EVERY_MS = 1000

/** What a run that was told to end may take to list what it has finished. */
const LAST_MS = 2000

/**
 * Writes the indexes of a config after its first batch, and then once a second at most: who catches up on a day of short windows
 * would else take as long for its indexes as for its archives.
 */
export function indexWriter(deps: IndexDeps, signal: AbortSignal): IndexWriter {
  const writtenAt = new Map<number, number>()
  const waiting = new Set<number>()
  return {
    completed(configId) {
      waiting.add(configId)
    },
    async write() {
      const at = deps.now().getTime()
      for (const configId of waiting) {
        // Either way, because a clock may jump back.
        if (Math.abs(at - (writtenAt.get(configId) ?? 0)) < EVERY_MS) continue
        writtenAt.set(configId, at)
        await writeDueIndexes(deps, signal, configId)
        waiting.delete(configId)
      }
    },
    async end() {
      try {
        if (!signal.aborted) return await writeDueIndexes(deps, signal)
      } catch (error) {
        if (!signal.aborted) throw error
      }
      await writeDueIndexes(deps, AbortSignal.timeout(LAST_MS))
    },
  }
}
