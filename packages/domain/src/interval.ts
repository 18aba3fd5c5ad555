/** Ten minutes: the grain in which phones count time. */
export const INTERVAL_MS = 600_000

export const INTERVAL_SECONDS = 600

/** The most intervals one key may be valid for: a day. */
export const MAX_INTERVAL_COUNT = 144

export const DAY_MS = 86_400_000

/** Windows are counted from 0001-01-01T00:00:00Z, which matters only for those that do not divide a day. */
const YEAR_ONE_MS = -62_135_596_800_000

/** How many whole ten-minute intervals lie between the Unix epoch and this moment (a number is milliseconds). */
export function intervalNumber(at: Date | number): number {
  return Math.floor(Number(at) / INTERVAL_MS)
}

export function intervalStart(interval: number): Date {
  return new Date(interval * INTERVAL_MS)
}

/**
 * The start of the window that holds this moment. Arrival is stored no finer than that, so that a
 * key cannot be matched to one upload. A window of 0 or less leaves the moment as it is.
 */
export function truncate(at: Date, windowMs: number): Date {
  if (windowMs <= 0) return at
  const sinceYearOne = at.getTime() - YEAR_ONE_MS
  return new Date(YEAR_ONE_MS + Math.floor(sinceYearOne / windowMs) * windowMs)
}

/** How many UTC midnights lie between the starts of two intervals; negative when `b` is earlier. */
export function daysBetween(a: number, b: number): number {
  return dayNumber(b) - dayNumber(a)
}

export function utcMidnight(at: Date): Date {
  return new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS)
}

/** The first window boundary strictly after the end of a key: until then it is stored but not exported. */
export function embargoedUntil(endInterval: number, windowMs: number): Date {
  return truncate(new Date(endInterval * INTERVAL_MS + windowMs), windowMs)
}

function dayNumber(interval: number): number {
  return Math.floor((interval * INTERVAL_MS) / DAY_MS)
}
