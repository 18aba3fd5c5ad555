import { exportConfigInvalid } from './errors.ts'
import { MAX_SIGNATURES } from './signature-info.ts'

/** Which keys go into an archive, where it is put and who signs it. */
export interface ExportTerms {
  bucketName: string
  /** Prefix of all object names; may contain `/`. */
  filenameRoot: string
  /** The region written into the file. */
  outputRegion: string
  /** Keys of any of these are taken; empty takes those of the output region. */
  inputRegions: string[]
  /** Keys that have any of these are left out. */
  excludeRegions: string[]
  /** Also takes travelers' keys of any region. */
  includeTravelers: boolean
  onlyNonTravelers: boolean
  signatureInfoIds: number[]
  /** Most keys in one file; undefined leaves it to the service. */
  maxRecordsOverride?: number | undefined
}

/** What is exported, and how often. */
export interface ExportConfig extends ExportTerms {
  id: number
  periodSeconds: number
  from: Date
  /** Undefined is for ever. */
  thru?: Date | undefined
}

const DAY_SECONDS = 86_400
/** Most keys in one file: so many can still be read back, and be downloaded by a phone. */
export const MAX_RECORDS = 2_000_000

/** A period is a whole number of seconds that divides a day. Throws `invalid_export_config`. */
export function validatePeriod(periodSeconds: number): void {
  const fault = periodFault(periodSeconds)
  if (fault) throw exportConfigInvalid(fault)
}

/** Throws `invalid_export_config` and names every fault at once. */
export function validateExportConfig(config: Omit<ExportConfig, 'id'>): void {
  const { maxRecordsOverride: maxRecords = 0 } = config
  const faults = [
    periodFault(config.periodSeconds),
    !config.bucketName && 'the bucket has no name',
    !config.filenameRoot && 'the filename root is empty',
    !config.outputRegion && config.inputRegions.length === 0 && 'no region is given',
    config.includeTravelers &&
      config.onlyNonTravelers &&
      'travelers cannot be both included and left out',
    config.signatureInfoIds.length > MAX_SIGNATURES &&
      `${config.signatureInfoIds.length} signature infos, but an archive holds at most ${MAX_SIGNATURES}`,
    maxRecords > MAX_RECORDS &&
      `${maxRecords} keys in a file, but at most ${MAX_RECORDS} are allowed`,
    config.thru && config.thru <= config.from && 'it ends before it begins',
  ].filter((fault) => typeof fault === 'string')
  if (faults.length > 0) throw exportConfigInvalid(faults.join('; '))
}

/** The regions whose keys are taken. */
export function effectiveInputRegions(terms: ExportTerms): string[] {
  return terms.inputRegions.length > 0 ? terms.inputRegions : [terms.outputRegion]
}

function periodFault(periodSeconds: number): string | undefined {
  if (isPeriod(periodSeconds)) return undefined
  return `a period of ${periodSeconds} s does not divide a day; try 4h (14400 s) or 24h (86400 s)`
}

function isPeriod(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds > 0 && DAY_SECONDS % seconds === 0
}
