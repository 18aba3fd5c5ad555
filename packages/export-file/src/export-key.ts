import type { ReleasedKey, ReportType } from '@ens/domain'

/** One key as it goes into an export file: for a revised key, with its revised type, onset and risk. */
export type ExportKey = ReleasedKey

/** A validity of 144 intervals, one day, is the format's default and is left out. */
export const DEFAULT_INTERVAL_COUNT = 144

const REPORT_TYPE_CODES: ReadonlyMap<string | undefined, number> = new Map([
  ['confirmed', 1],
  ['likely', 2],
  ['user-report', 3],
  ['negative', 5],
])

const REPORT_TYPES: ReadonlyMap<number | undefined, ReportType> = new Map([
  [1, 'confirmed'],
  [2, 'likely'],
  [3, 'user-report'],
  [5, 'negative'],
])

/** The format's number of a report type; undefined for a type that export files do not name. */
export function reportTypeCode(reportType: ReportType | undefined): number | undefined {
  return REPORT_TYPE_CODES.get(reportType)
}

/** The report type of a number in a file; undefined if it is absent, 0, or none of ours. */
export function reportTypeOfCode(code: number | undefined): ReportType | undefined {
  return REPORT_TYPES.get(code)
}
