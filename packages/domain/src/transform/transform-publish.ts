import { normalizeAppName } from '../authorized-app.ts'
import { byInterval, type Exposure } from '../exposure.ts'
import type { VerifiedClaims } from '../health-authority.ts'
import { daysBetween, embargoedUntil, intervalNumber, truncate } from '../interval.ts'
import { backfilledRisk } from '../report-type.ts'
import { type AcceptedIntervals, checkKey } from './check-key.ts'
import { overlapFault } from './overlap.ts'
import type { SentKey } from './sent-key.ts'
import { type OnsetSettings, type SymptomOnset, symptomOnset } from './symptom-onset.ts'

export interface PublishSettings extends OnsetSettings {
  maxKeys: number
  /** How many keys of one publish may begin in the same interval. */
  maxSameStartKeys: number
  maxIntervalAgeMs: number
  truncateWindowMs: number
  /** Keys further than this from the onset, either way, are not stored. */
  maxSymptomOnsetDays: number
  /** For development only: keys that are still valid are exported at once. */
  releasesSameDayKeys: boolean
}

/** What a publish asks to store, after its certificate was verified. */
export interface Publish {
  keys: readonly SentKey[]
  appPackageName: string
  regions: readonly string[]
  traveler: boolean
  /** As the phone says; 0 is none. */
  symptomOnsetInterval: number
  /** Undefined when the app publishes without a certificate. */
  claims: VerifiedClaims | undefined
}

/** What statistics want to know about a publish that stored something. */
export interface PublishInfo {
  /** Truncated arrival. */
  createdAt: Date
  /** Days since the oldest stored key began. */
  oldestDays: number
  /** 0 if the onset was assumed. */
  onsetDaysAgo: number
  missingOnset: boolean
}

/**
 * With an error and no exposures the publish is refused; with an error and exposures it succeeded in
 * part; with neither, every key was left out by a warning, and the publish succeeds with nothing stored.
 */
export interface TransformedPublish {
  /** In the order of their intervals. Equal keys have not been settled yet. */
  exposures: Exposure[]
  /** Texts for the phone about keys that were left out although nothing is wrong with the publish. */
  warnings: string[]
  /** Text for the phone; numbers of keys are positions in the request, from 0. */
  error: string | undefined
  info: PublishInfo | undefined
}

/** Turns what a phone sent into what is stored, by the rules of the trade alone. */
export function transformPublish(
  publish: Publish,
  settings: PublishSettings,
  now: Date,
): TransformedPublish {
  const countFault = keyCountFault(publish.keys.length, settings.maxKeys)
  if (countFault) return refused(countFault, [])
  const { exposures, warnings, errors, onset } = readKeys({ publish, settings, now })
  exposures.sort(byInterval)
  const overlap = overlapFault(exposures, settings.maxSameStartKeys)
  if (overlap) return refused(overlap, warnings)
  const error = errors.length > 0 ? errorText(errors) : undefined
  return { exposures, warnings, error, info: describe(exposures, onset, settings, now) }
}

function refused(error: string, warnings: string[]): TransformedPublish {
  return { exposures: [], warnings, error, info: undefined }
}

function keyCountFault(count: number, max: number): string | undefined {
  if (count === 0) return 'no exposure keys in publish request'
  if (count > max) return `too many exposure keys in publish: ${count}, max of ${max} is allowed`
  return undefined
}

interface Input {
  publish: Publish
  settings: PublishSettings
  now: Date
}

interface ReadKeys {
  exposures: Exposure[]
  warnings: string[]
  errors: string[]
  onset: SymptomOnset
}

function readKeys(input: Input): ReadKeys {
  const { publish, settings, now } = input
  const onset = findOnset(input)
  const read: ReadKeys = { exposures: [], warnings: [], errors: [], onset }
  const accepted = acceptedIntervals(settings, now)
  const toExposure = exposureMaker(input)
  for (const [i, sent] of publish.keys.entries()) {
    const checked = checkKey(sent, accepted)
    const days = daysBetween(onset.interval, sent.rollingStartNumber)
    if ('fault' in checked) {
      read.errors.push(`key ${i} cannot be imported: ${checked.fault}`)
    } else if (Math.abs(days) > settings.maxSymptomOnsetDays) {
      read.warnings.push(onsetWarning(i, days, settings.maxSymptomOnsetDays))
    } else {
      read.exposures.push(toExposure(sent, checked.key, days))
    }
  }
  return read
}

function findOnset({ publish, settings, now }: Input): SymptomOnset {
  const certificate = publish.claims?.symptomOnsetInterval
  return symptomOnset({ publish: publish.symptomOnsetInterval, certificate }, settings, now)
}

function acceptedIntervals(settings: PublishSettings, now: Date): AcceptedIntervals {
  return {
    earliestEnd: intervalNumber(now.getTime() - settings.maxIntervalAgeMs),
    latestStart: intervalNumber(now),
  }
}

function onsetWarning(i: number, days: number, maxDays: number): string {
  return `key ${i} symptom onset is too large, ${Math.abs(days)} > ${maxDays} - saving without this key`
}

function exposureMaker(input: Input): (sent: SentKey, key: Buffer, days: number) => Exposure {
  const { publish, settings, now } = input
  const appPackageName = normalizeAppName(publish.appPackageName)
  const regions = distinctRegions(publish.regions)
  const reportType = publish.claims?.reportType
  const arrivalOf = arrivalClock(settings, now)
  return (sent, key, days) => ({
    key,
    transmissionRisk: Number(sent.transmissionRisk) || backfilledRisk(reportType),
    appPackageName,
    regions,
    traveler: publish.traveler,
    intervalNumber: sent.rollingStartNumber,
    intervalCount: sent.rollingPeriod,
    createdAt: arrivalOf(sent.rollingStartNumber + sent.rollingPeriod),
    localProvenance: true,
    reportType,
    healthAuthorityId: publish.claims?.healthAuthorityId,
    daysSinceSymptomOnset: days,
  })
}

/** In the order given, so that equal publishes store equal rows. */
function distinctRegions(regions: readonly string[]): string[] {
  return [...new Set(regions.map((region) => region.toUpperCase()))]
}

/** When a key that ends at an interval counts as arrived: a key that is still valid waits for its end. */
function arrivalClock(settings: PublishSettings, now: Date): (endInterval: number) => Date {
  const arrival = truncate(now, settings.truncateWindowMs)
  const current = intervalNumber(now)
  return (endInterval) => {
    const isStillValid = endInterval > current
    if (!isStillValid || settings.releasesSameDayKeys) return arrival
    return embargoedUntil(endInterval, settings.truncateWindowMs)
  }
}

function describe(
  exposures: readonly Exposure[],
  onset: SymptomOnset,
  settings: PublishSettings,
  now: Date,
): PublishInfo | undefined {
  const [oldest] = exposures
  if (!oldest) return undefined
  const current = intervalNumber(now)
  return {
    createdAt: truncate(now, settings.truncateWindowMs),
    oldestDays: daysBetween(oldest.intervalNumber, current),
    onsetDaysAgo: onset.isAssumed ? 0 : daysBetween(onset.interval, current),
    missingOnset: onset.isAssumed,
  }
}

function errorText(errors: readonly string[]): string {
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`
  const lines = errors.map((error) => `\t* ${error}\n`)
  return `${count} occurred:\n${lines.join('')}\n`
}
