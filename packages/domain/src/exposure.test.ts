import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  byInterval,
  type Exposure,
  type RevisionOutcome,
  revise,
  type Source,
  settleDuplicates,
} from './exposure.ts'
import type { ReportType } from './report-type.ts'
import { aKey, anExposure } from './testing.ts'

interface Given {
  key: string
  reportType: ReportType | ''
  localProvenance?: boolean
  createdAt?: string
  healthAuthorityId?: number
  transmissionRisk?: number
  daysSinceSymptomOnset?: number
  exportImportId?: number
  federationQueryId?: string
  revisedAt?: string
  revisedReportType?: ReportType
}

interface Case {
  name: string
  existing: Given
  incoming: Given
  expect: {
    revised: boolean
    error: string | null
    setColumns: {
      healthAuthorityId: number | null
      revisedReportType: ReportType
      revisedAt: string
      revisedDaysSinceSymptomOnset: number | null
      revisedTransmissionRisk: number
    } | null
  }
}

const { reviseCases }: { reviseCases: Case[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-revise.json', import.meta.url), 'utf8'),
)

describe('a known key is revised, kept or refused as the reference server does', () => {
  test.each(reviseCases)('$name', ({ existing, incoming, expect: wanted }) => {
    expectOutcome(revise(exposureFrom(existing), exposureFrom(incoming)), wanted)
  })
})

test('a key is revised once; the second attempt is refused', () => {
  const first = revise(
    anExposure({ reportType: 'user-report' }),
    anExposure({ reportType: 'likely' }),
  )
  expect(first.outcome).toBe('revised')
  if (first.outcome !== 'revised') return
  const revised = anExposure({ reportType: 'user-report', revision: first.revision })
  expect(revise(revised, anExposure({ reportType: 'confirmed' }))).toEqual({
    outcome: 'refused',
    reason: 'already-revised',
  })
})

test('of equal keys the longest of the last start stays, and what stays is in byte order', () => {
  const settled = settleDuplicates([
    anExposure({ key: aKey(2) }),
    anExposure({ key: aKey(1), intervalNumber: 2_669_616, intervalCount: 144 }),
    anExposure({ key: aKey(1), intervalNumber: 2_669_616, intervalCount: 100 }),
    anExposure({ key: aKey(1), intervalNumber: 2_669_472, intervalCount: 144 }),
  ])
  expect(settled.map(({ key, intervalCount }) => [key, intervalCount])).toEqual([
    [aKey(1), 144],
    [aKey(2), 144],
  ])
})

test('settling keeps one exposure of every key that was sent', () => {
  const exposures = fc.array(
    fc
      .record({ number: fc.nat(5), intervalNumber: fc.nat(10), intervalCount: fc.nat(144) })
      .map(({ number, ...intervals }) => anExposure({ key: aKey(number), ...intervals })),
  )
  fc.assert(
    fc.property(exposures, (sent) => {
      const settled = settleDuplicates(sent)
      const lastOf = new Map([...sent].sort(byInterval).map((e) => [e.key.toString('hex'), e]))
      expect(settled.map((e) => e.key.toString('hex'))).toEqual([...lastOf.keys()].sort())
      for (const kept of settled) expect(kept).toEqual(lastOf.get(kept.key.toString('hex')))
    }),
  )
})

function exposureFrom(given: Given): Exposure {
  const { revisedAt } = given
  return anExposure({
    key: Buffer.from(given.key, 'base64'),
    reportType: given.reportType || undefined,
    localProvenance: given.localProvenance ?? false,
    createdAt: new Date(given.createdAt ?? '2020-10-05T10:00:00Z'),
    healthAuthorityId: given.healthAuthorityId,
    transmissionRisk: given.transmissionRisk ?? 0,
    daysSinceSymptomOnset: given.daysSinceSymptomOnset,
    source: sourceFrom(given),
    revision: revisedAt ? revisionAt(revisedAt, given) : undefined,
  })
}

/** One case holds a revision without a type, which our rows cannot; any other type than those asked for stands for it. */
function revisionAt(revisedAt: string, given: Given) {
  return {
    reportType: given.revisedReportType ?? 'negative',
    revisedAt: new Date(revisedAt),
    daysSinceSymptomOnset: undefined,
    transmissionRisk: 0,
  } as const
}

function sourceFrom({ exportImportId, federationQueryId }: Given): Source | undefined {
  if (exportImportId !== undefined) return { from: 'import', exportImportId }
  return federationQueryId === undefined
    ? undefined
    : { from: 'federation', queryId: federationQueryId }
}

const REFUSALS = {
  foreign: /^(NON_LOCAL_PROVENANCE|NOT_SAME_FEDERATION_SOURCE)$/,
  'already-revised': /^KEY_ALREADY_REVISED$/,
  'invalid-transition': /^INVALID_TRANSITION/,
}

function expectOutcome(outcome: RevisionOutcome, wanted: Case['expect']) {
  expect(outcome.outcome === 'revised').toBe(wanted.revised)
  if (outcome.outcome === 'revised') expect(columnsOf(outcome)).toEqual(wanted.setColumns)
  if (outcome.outcome === 'unchanged') expect(wanted.error).toBeNull()
  if (outcome.outcome === 'refused') expect(wanted.error).toMatch(REFUSALS[outcome.reason])
}

function columnsOf({ revision, healthAuthorityId }: RevisionOutcome & { outcome: 'revised' }) {
  return {
    healthAuthorityId: healthAuthorityId ?? null,
    revisedReportType: revision.reportType,
    revisedAt: revision.revisedAt.toISOString().replace('.000Z', 'Z'),
    revisedDaysSinceSymptomOnset: revision.daysSinceSymptomOnset ?? null,
    revisedTransmissionRisk: revision.transmissionRisk,
    revisedImportFileId: null,
  }
}
