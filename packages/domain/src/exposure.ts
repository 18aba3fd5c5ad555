import { compareKeys } from './exposure-key.ts'
import { backfilledRisk, type ReportType, transition } from './report-type.ts'

/** A published key with all we store about it. */
export interface Exposure {
  key: Buffer
  /** 0 to 8; 0 is unknown. */
  transmissionRisk: number
  /** Lower-case name of the authorized app; empty for keys that came from another server. */
  appPackageName: string
  regions: string[]
  traveler: boolean
  intervalNumber: number
  intervalCount: number
  /** Truncated arrival, or the end of the embargo of a key that was still valid then. */
  createdAt: Date
  /** True for keys that were published here. */
  localProvenance: boolean
  reportType: ReportType | undefined
  healthAuthorityId: number | undefined
  daysSinceSymptomOnset: number | undefined
  /** Where a key that was not published here came from. */
  source?: Source | undefined
  revision?: Revision | undefined
}

export type Source =
  | { from: 'federation'; queryId: string }
  | { from: 'import'; exportImportId: number }

/** The one change a key may see after it was published; the original columns stay as they were. */
export interface Revision {
  reportType: ReportType
  revisedAt: Date
  daysSinceSymptomOnset: number | undefined
  transmissionRisk: number
}

export type RevisionOutcome =
  | { outcome: 'unchanged' }
  | { outcome: 'revised'; revision: Revision; healthAuthorityId: number | undefined }
  | { outcome: 'refused'; reason: RefusedRevision }

/** `foreign`: the key was not published here, and what asks is not the source it came from. */
export type RefusedRevision = 'foreign' | 'already-revised' | 'invalid-transition'

/**
 * What a key sent again means for the stored one. Report type, risk, onset and authority may change,
 * once; regions and traveler stay as first stored.
 */
export function revise(existing: Exposure, incoming: Exposure): RevisionOutcome {
  const wanted = incoming.reportType
  if (wanted === existing.reportType) return { outcome: 'unchanged' }
  if (existing.revision && existing.revision.reportType === wanted) return { outcome: 'unchanged' }
  if (!mayBeRevisedBy(existing, incoming)) return { outcome: 'refused', reason: 'foreign' }
  if (existing.revision) return { outcome: 'refused', reason: 'already-revised' }
  if (!wanted || transition(existing.reportType, wanted) !== 'revise') {
    return { outcome: 'refused', reason: 'invalid-transition' }
  }
  return {
    outcome: 'revised',
    revision: revisionFrom(incoming, wanted),
    healthAuthorityId: incoming.healthAuthorityId,
  }
}

function revisionFrom(incoming: Exposure, reportType: ReportType): Revision {
  return {
    reportType,
    revisedAt: incoming.createdAt,
    daysSinceSymptomOnset: incoming.daysSinceSymptomOnset,
    transmissionRisk: incoming.transmissionRisk || backfilledRisk(reportType),
  }
}

function mayBeRevisedBy(existing: Exposure, incoming: Exposure): boolean {
  return existing.localProvenance || isSameSource(existing.source, incoming.source)
}

function isSameSource(a: Source | undefined, b: Source | undefined): boolean {
  if (a?.from === 'import') return b?.from === 'import' && a.exportImportId === b.exportImportId
  if (a?.from === 'federation') return b?.from === 'federation' && a.queryId === b.queryId
  return false
}

/**
 * One exposure per key, in byte order, which is the order everything is locked and inserted in. Of
 * equal keys the one that starts last stays, then the longest, then the one sent last.
 */
export function settleDuplicates(exposures: readonly Exposure[]): Exposure[] {
  const inOrder = [...exposures].sort(byKeyThenInterval)
  return inOrder.filter((exposure, i) => !isSameKey(exposure, inOrder[i + 1]))
}

function byKeyThenInterval(a: Exposure, b: Exposure): number {
  return compareKeys(a.key, b.key) || byInterval(a, b)
}

/** Earliest start first; of equal starts the shortest first. */
export function byInterval(a: Exposure, b: Exposure): number {
  return a.intervalNumber - b.intervalNumber || a.intervalCount - b.intervalCount
}

function isSameKey(a: Exposure, b: Exposure | undefined): boolean {
  return b !== undefined && compareKeys(a.key, b.key) === 0
}
