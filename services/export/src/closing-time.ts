import { truncate } from '@ens/domain'

/**
 * From when on nothing that arrives can land in a window that ends then: arrival is truncated, so the last keys of a window
 * arrive until the truncate window in which it ends is over.
 */
export function closingTime(end: Date, truncateWindowMs: number): Date {
  const opened = truncate(new Date(end.getTime() - 1), truncateWindowMs)
  return new Date(opened.getTime() + truncateWindowMs)
}
