import { type IndexDeps, writeDueIndexes } from './write-index.ts'

/** Says when the indexes of one run are written. */
export interface IndexWriter {
  /** A batch of this config is complete. */
  after(configId: number): Promise<void>
  end(): Promise<void>
}

const EVERY_MS = 1000

/** What a run that was told to end may take to list what it has finished. */
const LAST_MS = 5000

/**
 * Writes the indexes of a config after its first batch, and then once a second: who catches up on a day of short windows would else
 * take as long for its indexes as for its archives. A line that has to wait is written after a later batch, of whatever config, or
 * when the run ends, however it ends.
 */
export function indexWriter(deps: IndexDeps, signal: AbortSignal): IndexWriter {
  const writtenAt = new Map<number, number>()
  const waiting = new Set<number>()
  const write = async (configId: number, until: AbortSignal) => {
    waiting.delete(configId)
    await writeDueIndexes(deps, until, configId)
  }
  return {
    async after(configId) {
      waiting.add(configId)
      const at = deps.now().getTime()
      for (const each of waiting) {
        // Either way, because a clock may jump back.
        if (Math.abs(at - (writtenAt.get(each) ?? 0)) < EVERY_MS) continue
        writtenAt.set(each, at)
        await write(each, signal)
      }
    },
    async end() {
      if (!signal.aborted) return writeDueIndexes(deps, signal)
      const last = AbortSignal.timeout(LAST_MS)
      for (const each of waiting) await write(each, last)
    },
  }
}
