import type { Exposure, ReportType } from '@ens/domain'
import sql from 'sql-template-tag'

export interface ExposureRow {
  exposure_key: Buffer
  transmission_risk: number
  app_package_name: string
  regions: string[]
  traveler: boolean
  interval_number: number
  interval_count: number
  created_at: Date
  local_provenance: boolean
  report_type: ReportType | null
  health_authority_id: number | null
  days_since_symptom_onset: number | null
  revised_at: Date | null
  revised_report_type: ReportType | null
  revised_days_since_symptom_onset: number | null
  revised_transmission_risk: number | null
}

export const exposureColumns = sql`exposure_key, transmission_risk, app_package_name, regions, traveler,
  interval_number, interval_count, created_at, local_provenance, report_type, health_authority_id,
  days_since_symptom_onset, revised_at, revised_report_type, revised_days_since_symptom_onset,
  revised_transmission_risk`

export function fromRow(row: ExposureRow): Exposure {
  return {
    key: row.exposure_key,
    transmissionRisk: row.transmission_risk,
    appPackageName: row.app_package_name,
    regions: row.regions,
    traveler: row.traveler,
    intervalNumber: row.interval_number,
    intervalCount: row.interval_count,
    createdAt: row.created_at,
    localProvenance: row.local_provenance,
    reportType: row.report_type ?? undefined,
    healthAuthorityId: row.health_authority_id ?? undefined,
    daysSinceSymptomOnset: row.days_since_symptom_onset ?? undefined,
    revision: revisionFrom(row),
  }
}

function revisionFrom(row: ExposureRow): Exposure['revision'] {
  if (row.revised_at === null || row.revised_report_type === null) return undefined
  return {
    reportType: row.revised_report_type,
    revisedAt: row.revised_at,
    daysSinceSymptomOnset: row.revised_days_since_symptom_onset ?? undefined,
    transmissionRisk: row.revised_transmission_risk ?? 0,
  }
}
