import { KEY_LENGTH } from './exposure-key.ts'
import { REPORT_TYPES, type ReportType } from './report-type.ts'

/** What phones are told about a key: for a revised key, its revised type, onset and risk. */
export interface ReleasedKey {
  key: Uint8Array
  transmissionRisk: number
  intervalNumber: number
  intervalCount: number
  reportType: ReportType | undefined
  daysSinceSymptomOnset: number | undefined
}

/**
 * Released keys side by side, in columns: to make an object of each of a million keys takes longer than to read, encode and hash
 * them. The nth key is what stands nth in each column.
 */
export interface KeyColumns {
  readonly length: number
  /** 16 bytes of each. */
  readonly keys: Uint8Array
  readonly transmissionRisks: Int16Array
  readonly intervalNumbers: Int32Array
  readonly intervalCounts: Int16Array
  /** `NO_REPORT_TYPE`, or what `reportTypeNumber` gives. */
  readonly reportTypes: Uint8Array
  /** `NO_ONSET`, or days. */
  readonly daysSinceSymptomOnset: Int16Array
}

export const NO_REPORT_TYPE = 0
export const NO_ONSET = -32_768

/** The number of a report type in a column, from 1. */
export function reportTypeNumber(type: ReportType | undefined): number {
  return type ? REPORT_TYPES.indexOf(type) + 1 : NO_REPORT_TYPE
}

/** Columns of zeros. */
export function emptyColumns(length: number): KeyColumns {
  return {
    length,
    keys: new Uint8Array(length * KEY_LENGTH),
    transmissionRisks: new Int16Array(length),
    intervalNumbers: new Int32Array(length),
    intervalCounts: new Int16Array(length),
    reportTypes: new Uint8Array(length),
    daysSinceSymptomOnset: new Int16Array(length),
  }
}

/** A part of the columns, from inclusive to exclusive; nothing is copied. */
export function sliceColumns(columns: KeyColumns, from: number, to: number): KeyColumns {
  return {
    length: to - from,
    keys: columns.keys.subarray(from * KEY_LENGTH, to * KEY_LENGTH),
    transmissionRisks: columns.transmissionRisks.subarray(from, to),
    intervalNumbers: columns.intervalNumbers.subarray(from, to),
    intervalCounts: columns.intervalCounts.subarray(from, to),
    reportTypes: columns.reportTypes.subarray(from, to),
    daysSinceSymptomOnset: columns.daysSinceSymptomOnset.subarray(from, to),
  }
}

/** Columns of these keys, each of 16 bytes. */
export function toColumns(keys: readonly ReleasedKey[]): KeyColumns {
  const columns = emptyColumns(keys.length)
  for (const [i, key] of keys.entries()) {
    columns.keys.set(key.key, i * KEY_LENGTH)
    columns.transmissionRisks[i] = key.transmissionRisk
    columns.intervalNumbers[i] = key.intervalNumber
    columns.intervalCounts[i] = key.intervalCount
    columns.reportTypes[i] = reportTypeNumber(key.reportType)
    columns.daysSinceSymptomOnset[i] = key.daysSinceSymptomOnset ?? NO_ONSET
  }
  return columns
}

/** The keys one by one, each a copy. */
export function fromColumns(columns: KeyColumns): ReleasedKey[] {
  return Array.from({ length: columns.length }, (_, i) => {
    const days = columns.daysSinceSymptomOnset[i] ?? NO_ONSET
    return {
      key: columns.keys.slice(i * KEY_LENGTH, (i + 1) * KEY_LENGTH),
      transmissionRisk: columns.transmissionRisks[i] ?? 0,
      intervalNumber: columns.intervalNumbers[i] ?? 0,
      intervalCount: columns.intervalCounts[i] ?? 0,
      reportType: REPORT_TYPES[(columns.reportTypes[i] ?? NO_REPORT_TYPE) - 1],
      daysSinceSymptomOnset: days === NO_ONSET ? undefined : days,
    }
  })
}
