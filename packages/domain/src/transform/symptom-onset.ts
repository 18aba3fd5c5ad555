import { DAY_MS, intervalNumber, utcMidnight } from '../interval.ts'

export interface OnsetSettings {
  /** Onsets reported for an earlier day are implausible. */
  maxValidSymptomOnsetReportDays: number
  /** The day that is assumed when none, or none plausible, was reported. */
  defaultSymptomOnsetDaysAgo: number
}

export interface SymptomOnset {
  interval: number
  /** True when the default was taken. */
  isAssumed: boolean
}

/**
 * When the symptoms began: what the phone says, else what the certificate says, else the default.
 * Phones do send nonsense here, which never fails a publish. An onset in the current interval is
 * not plausible either, so "today" is not in the first ten minutes of a day (UTC).
 */
export function symptomOnset(
  reported: { publish: number; certificate: number | undefined },
  settings: OnsetSettings,
  now: Date,
): SymptomOnset {
  const earliestDay = utcMidnight(daysBefore(now, settings.maxValidSymptomOnsetReportDays))
  const earliest = intervalNumber(earliestDay)
  const current = intervalNumber(now)
  const plausible = [reported.publish, reported.certificate].find(
    (interval) => interval !== undefined && interval >= earliest && interval < current,
  )
  if (plausible !== undefined) return { interval: plausible, isAssumed: false }
  const assumed = daysBefore(now, settings.defaultSymptomOnsetDaysAgo)
  return { interval: intervalNumber(assumed), isAssumed: true }
}

function daysBefore(at: Date, days: number): Date {
  return new Date(at.getTime() - days * DAY_MS)
}
