export const REPORT_TYPES = ['confirmed', 'likely', 'user-report', 'negative'] as const

/** What a health authority says about the person whose keys these are. */
export type ReportType = (typeof REPORT_TYPES)[number]

export function isReportType(text: string): text is ReportType {
  return (REPORT_TYPES as readonly string[]).includes(text)
}

const BACKFILLED_RISKS: Record<ReportType, number> = {
  confirmed: 2,
  likely: 4,
  negative: 6,
  'user-report': 0,
}

/** The transmission risk of a key that was sent with risk 0, for phones that still read it. */
export function backfilledRisk(type: ReportType | undefined): number {
  return type ? BACKFILLED_RISKS[type] : 0
}

const REVISIONS: Record<ReportType, readonly ReportType[]> = {
  likely: ['confirmed', 'negative'],
  'user-report': ['confirmed', 'likely', 'negative'],
  confirmed: [],
  negative: [],
}

/** What a report type asked for makes of the stored one. A key stored without a type counts as likely. */
export function transition(
  from: ReportType | undefined,
  to: ReportType | undefined,
): 'revise' | 'noop' | 'refuse' {
  if (from === to) return 'noop'
  return to && REVISIONS[from ?? 'likely'].includes(to) ? 'revise' : 'refuse'
}
