import { readFileSync } from 'node:fs'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Exposure } from '../exposure.ts'
import type { VerifiedClaims } from '../health-authority.ts'
import { OCTOBER_5_NOON, publishSettings } from '../testing.ts'
import type { SentKey } from './sent-key.ts'
import {
  type Publish,
  type PublishInfo,
  type PublishSettings,
  transformPublish,
} from './transform-publish.ts'

interface Case {
  name: string
  description: string
  config: {
    maxKeys: number
    maxSameStart: number
    maxAgeSeconds: number
    windowSeconds: number
    maxSymptomOnsetDays: number
    maxValidSymptomOnsetReportDays: number
    defaultSymptomOnsetDaysAgo: number
    releaseSameDayKeys: boolean
  }
  batchTime: string
  publish: {
    temporaryExposureKeys: Partial<SentKey>[]
    healthAuthorityID: string
    symptomOnsetInterval?: number
    traveler?: boolean
  }
  regions: string[]
  verifiedClaims: (Partial<VerifiedClaims> & { healthAuthorityID?: number }) | null
  expect: { exposures: Row[]; publishInfo: Info | null; warnings: string[]; error: string | null }
  wanted?: { error: string }
}

interface Row {
  key: string
  rollingStartNumber: number
  rollingPeriod: number
  transmissionRisk: number
  reportType: string
  healthAuthorityID: number | null
  daysSinceSymptomOnset: number
  createdAt: string
  regions: string[]
  traveler: boolean
  appPackageName: string
  localProvenance: boolean
}

type Info = Omit<PublishInfo, 'createdAt'> & { createdAt: string }

const file = new URL('../../testdata/publish-transform.json', import.meta.url)
const { cases }: { cases: Case[] } = JSON.parse(readFileSync(file, 'utf8'), exactIntegers)

describe('a publish is transformed as on the reference server', () => {
  test.each(cases)('$name: $description', (given) => {
    const now = new Date(given.batchTime)
    const result = transformPublish(publishFrom(given), settingsFrom(given), now)
    expect(result.exposures.map(toRow)).toEqual(given.expect.exposures)
    expect(result.info ? toInfo(result.info) : null).toEqual(given.expect.publishInfo)
    expect(result.warnings).toEqual(given.expect.warnings)
    expect(result.error ?? null).toBe(given.wanted?.error ?? given.expect.error)
  })
})

const key = { key: 'IRgYIhYiy4WMl9z68bMk6w==', transmissionRisk: 0 }

function publishOf(...keys: SentKey[]): Publish {
  return {
    keys,
    appPackageName: 'com.example.app',
    regions: ['US'],
    traveler: false,
    symptomOnsetInterval: 0,
    claims: undefined,
  }
}

test('a region named twice, in whatever case, is stored once, and the order stays', () => {
  const sent = { ...key, rollingStartNumber: 2_669_616, rollingPeriod: 144 }
  const publish = { ...publishOf(sent), regions: ['mx', 'US', 'MX', 'us', 'CA'] }
  const { exposures } = transformPublish(publish, publishSettings(), OCTOBER_5_NOON)
  expect(exposures[0]?.regions).toEqual(['MX', 'US', 'CA'])
})

test('publishing goes on after 2038', () => {
  const sent = { ...key, rollingStartNumber: 3_700_000, rollingPeriod: 144 }
  const now = new Date((3_700_000 + 150) * 600_000)
  const { exposures, error } = transformPublish(publishOf(sent), publishSettings(), now)
  expect(error).toBeUndefined()
  expect(exposures).toHaveLength(1)
})

test('whatever is sent, each key is stored, refused or warned about, and no stored row breaks a rule', () => {
  const int32 = fc.integer()
  const near = fc.integer({ min: 2_669_832 - 2200, max: 2_669_832 + 10 })
  const sentKey = fc.record({
    key: fc.oneof(
      fc.uint8Array({ minLength: 16, maxLength: 16 }).map((b) => Buffer.from(b).toString('base64')),
      fc.string({ unit: 'binary' }),
    ),
    rollingStartNumber: fc.oneof(near, int32),
    rollingPeriod: fc.oneof(fc.integer({ min: 0, max: 145 }), int32),
    transmissionRisk: fc.oneof(fc.integer({ min: -1, max: 9 }), fc.bigInt()),
  })
  const settings = publishSettings({ maxSameStartKeys: 30 })
  fc.assert(
    fc.property(fc.array(sentKey, { maxLength: 8 }), int32, (keys, symptomOnsetInterval) => {
      const publish = { ...publishOf(...keys), symptomOnsetInterval }
      const result = transformPublish(publish, settings, OCTOBER_5_NOON)
      const errors = result.error?.match(/^\t\* /gm)?.length ?? 0
      if (result.error === undefined || errors > 0) {
        expect(result.exposures.length + result.warnings.length + errors).toBe(keys.length)
      }
      for (const exposure of result.exposures) expectStorable(exposure)
    }),
    { numRuns: runs(200) },
  )
})

function expectStorable(exposure: Exposure) {
  expect(exposure.key).toHaveLength(16)
  expect(exposure.transmissionRisk).toBeGreaterThanOrEqual(0)
  expect(exposure.transmissionRisk).toBeLessThanOrEqual(8)
  expect(exposure.intervalCount).toBeGreaterThanOrEqual(1)
  expect(exposure.intervalCount).toBeLessThanOrEqual(144)
  expect(exposure.intervalNumber).toBeLessThanOrEqual(2_669_832)
  expect(Math.abs(exposure.daysSinceSymptomOnset ?? 99)).toBeLessThanOrEqual(14)
  expect(exposure.createdAt.getTime() % 3_600_000).toBe(0)
}

/** Integers that a number cannot hold are kept exact, as the API's decoder keeps them. */
function exactIntegers(_name: string, value: unknown, context?: { source?: string }): unknown {
  const isInexact = typeof value === 'number' && !Number.isSafeInteger(value)
  return isInexact && context?.source ? BigInt(context.source) : value
}

function publishFrom({ publish, regions, verifiedClaims }: Case): Publish {
  return {
    keys: publish.temporaryExposureKeys.map((sent) => ({
      key: sent.key ?? '',
      rollingStartNumber: sent.rollingStartNumber ?? 0,
      rollingPeriod: sent.rollingPeriod ?? 0,
      transmissionRisk: sent.transmissionRisk ?? 0,
    })),
    appPackageName: publish.healthAuthorityID,
    regions,
    traveler: publish.traveler ?? false,
    symptomOnsetInterval: publish.symptomOnsetInterval ?? 0,
    claims: verifiedClaims ? claimsFrom(verifiedClaims) : undefined,
  }
}

/** Some cases name no authority; the rows then have none either. */
function claimsFrom(claims: NonNullable<Case['verifiedClaims']>): VerifiedClaims {
  return {
    healthAuthorityId: claims.healthAuthorityID,
    reportType: claims.reportType,
    symptomOnsetInterval: claims.symptomOnsetInterval ?? 0,
  } as VerifiedClaims
}

function settingsFrom({ config }: Case): PublishSettings {
  return {
    maxKeys: config.maxKeys,
    maxSameStartKeys: config.maxSameStart,
    maxIntervalAgeMs: config.maxAgeSeconds * 1000,
    truncateWindowMs: config.windowSeconds * 1000,
    maxSymptomOnsetDays: config.maxSymptomOnsetDays,
    maxValidSymptomOnsetReportDays: config.maxValidSymptomOnsetReportDays,
    defaultSymptomOnsetDaysAgo: config.defaultSymptomOnsetDaysAgo,
    releasesSameDayKeys: config.releaseSameDayKeys,
  }
}

function toRow(exposure: Exposure): Row {
  return {
    key: exposure.key.toString('base64'),
    rollingStartNumber: exposure.intervalNumber,
    rollingPeriod: exposure.intervalCount,
    transmissionRisk: exposure.transmissionRisk,
    reportType: exposure.reportType ?? '',
    healthAuthorityID: exposure.healthAuthorityId ?? null,
    daysSinceSymptomOnset: exposure.daysSinceSymptomOnset ?? Number.NaN,
    createdAt: withoutMilliseconds(exposure.createdAt),
    regions: exposure.regions,
    traveler: exposure.traveler,
    appPackageName: exposure.appPackageName,
    localProvenance: exposure.localProvenance,
  }
}

function toInfo(info: PublishInfo): Info {
  return { ...info, createdAt: withoutMilliseconds(info.createdAt) }
}

function withoutMilliseconds(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z')
}
