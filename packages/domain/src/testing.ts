import type { AuthorizedApp } from './authorized-app.ts'
import type { ExportBatch } from './export-batch.ts'
import type { ExportConfig } from './export-config.ts'
import type { Exposure } from './exposure.ts'
import { KEY_LENGTH } from './exposure-key.ts'
import type { HealthAuthority } from './health-authority.ts'
import type { SignatureInfo } from './signature-info.ts'
import type { PublishSettings } from './transform/transform-publish.ts'

/** Builders with honest defaults around noon of 5 October 2020 (UTC); a test names only what it is about. */
export const OCTOBER_5_NOON = new Date('2020-10-05T12:00:00Z')

/** A key that is told apart by its number and sorts by it. */
export function aKey(number: number): Buffer {
  const key = Buffer.alloc(KEY_LENGTH, 0xa5)
  key.writeUInt32BE(number)
  return key
}

/** Yesterday's key, published at noon. */
export function anExposure(overrides: Partial<Exposure> = {}): Exposure {
  return {
    key: aKey(1),
    transmissionRisk: 2,
    appPackageName: 'com.example.app',
    regions: ['US'],
    traveler: false,
    intervalNumber: 2_669_616,
    intervalCount: 144,
    createdAt: OCTOBER_5_NOON,
    localProvenance: true,
    reportType: 'confirmed',
    healthAuthorityId: undefined,
    daysSinceSymptomOnset: 3,
    ...overrides,
  }
}

export function anAuthorizedApp(overrides: Partial<AuthorizedApp> = {}): AuthorizedApp {
  return {
    name: 'com.example.app',
    allowedRegions: ['US'],
    allowedHealthAuthorityIds: [1],
    bypassHealthAuthorityVerification: false,
    bypassRevisionToken: false,
    ...overrides,
  }
}

/** Without keys: only the test knows which it signs with. */
export function aHealthAuthority(overrides: Partial<HealthAuthority> = {}): HealthAuthority {
  return {
    id: 1,
    issuer: 'gov.example',
    audience: 'exposure-notifications-service',
    name: 'Example Health',
    enableStats: true,
    keys: [],
    ...overrides,
  }
}

export function aSignatureInfo(overrides: Partial<SignatureInfo> = {}): SignatureInfo {
  return {
    id: 1,
    signingKey: 'signing/example/v1',
    keyId: '310',
    keyVersion: 'v1',
    thru: undefined,
    ...overrides,
  }
}

export function anExportConfig(overrides: Partial<ExportConfig> = {}): ExportConfig {
  return { ...exportTerms(), id: 1, periodSeconds: 14_400, from: new Date(0), ...overrides }
}

/** The four hours up to noon. */
export function anExportBatch(overrides: Partial<ExportBatch> = {}): ExportBatch {
  return {
    ...exportTerms(),
    id: 1,
    configId: 1,
    start: new Date('2020-10-05T08:00:00Z'),
    end: OCTOBER_5_NOON,
    status: 'OPEN',
    ...overrides,
  }
}

function exportTerms() {
  return {
    bucketName: 'exports',
    filenameRoot: 'us',
    outputRegion: 'US',
    inputRegions: ['US'],
    excludeRegions: [],
    includeTravelers: false,
    onlyNonTravelers: false,
    signatureInfoIds: [1],
  }
}

/** The service's own defaults. */
export function publishSettings(overrides: Partial<PublishSettings> = {}): PublishSettings {
  return {
    maxKeys: 30,
    maxSameStartKeys: 3,
    maxIntervalAgeMs: 360 * 3_600_000,
    truncateWindowMs: 3_600_000,
    maxSymptomOnsetDays: 14,
    maxValidSymptomOnsetReportDays: 28,
    defaultSymptomOnsetDaysAgo: 4,
    releasesSameDayKeys: false,
    ...overrides,
  }
}
