import { exportConfigInvalid } from './errors.ts'
import type { ExportTerms } from './export-config.ts'
import { truncate } from './interval.ts'

export type ExportBatchStatus = 'OPEN' | 'PENDING' | 'COMPLETE' | 'DELETED'

/** One window of one config, with the config's terms as they were when the batch was made. */
export interface ExportBatch extends ExportTerms {
  id: number
  configId: number
  /** Inclusive. */
  start: Date
  /** Exclusive. */
  end: Date
  status: ExportBatchStatus
}

export interface BatchRange {
  start: Date
  end: Date
}

export interface BatchRangesInput {
  /** Now, less the age that a window must have before it is exported. */
  effectiveNow: Date
  /** The latest end of the config's batches; undefined if it has none. */
  latestEnd: Date | undefined
  periodMs: number
  truncateWindowMs: number
  /** At most so many, the oldest; the rest follows with later calls. */
  limit?: number | undefined
}

/** Batches that end earlier count as none: they can only come from a clock that was wrong. */
const EARLIEST_BATCH_END = new Date('2019-01-01T00:00:00Z')

/**
 * The windows that are due, oldest first. A config without batches gets the last closed window and
 * no history. Windows within the publish window that is still open wait for it to close. If the
 * period has changed, the first window overlaps the last one rather than leave a gap.
 */
export function batchRanges(input: BatchRangesInput): BatchRange[] {
  const { effectiveNow, latestEnd, periodMs, truncateWindowMs } = input
  if (!(periodMs > 0)) throw exportConfigInvalid(`a period of ${periodMs} ms has no windows`)
  const publishEnd = truncate(effectiveNow, truncateWindowMs)
  if (!latestEnd || latestEnd < EARLIEST_BATCH_END) {
    return [rangeUpTo(truncate(publishEnd, periodMs).getTime(), periodMs)]
  }
  return rangesAfter(latestEnd, publishEnd, input)
}

function rangesAfter(latestEnd: Date, publishEnd: Date, input: BatchRangesInput): BatchRange[] {
  const { effectiveNow, periodMs, limit = Number.POSITIVE_INFINITY } = input
  const lastEnd = truncate(effectiveNow, periodMs).getTime()
  const missing = Math.ceil((lastEnd - latestEnd.getTime()) / periodMs)
  const ranges: BatchRange[] = []
  for (let before = missing - 1; before >= 0 && ranges.length < limit; before--) {
    const range = rangeUpTo(lastEnd - before * periodMs, periodMs)
    if (range.end > publishEnd) break
    ranges.push(range)
  }
  return ranges
}

function rangeUpTo(endMs: number, periodMs: number): BatchRange {
  return { start: new Date(endMs - periodMs), end: new Date(endMs) }
}
