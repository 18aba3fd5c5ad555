import { randomBytes } from 'node:crypto'
import {
  DAY_MS,
  intervalNumber,
  KEY_LENGTH,
  keyToBase64,
  MAX_INTERVAL_COUNT,
  type SentKey,
  utcMidnight,
} from '@ens/domain'

/** Gives this many unpredictable bytes. */
export type RandomBytes = (size: number) => Buffer

/** A key in the words of a publish; the phone itself never needs more than 2^53 of risk. */
export interface PhoneKey extends SentKey {
  transmissionRisk: number
}

/**
 * The keys a phone holds: one for each of the last `days` days, from midnight to midnight UTC, oldest first. The
 * newest is today's and still valid, so that a server keeps it back; without today they end at the last midnight.
 */
export function makeKeys(options: {
  days: number
  now: Date
  random?: RandomBytes
  includesToday?: boolean
}): PhoneKey[] {
  const { days, now, random = randomBytes, includesToday = true } = options
  const newest = utcMidnight(now).getTime() - (includesToday ? 0 : DAY_MS)
  return Array.from({ length: days }, (_, index) => ({
    key: keyToBase64(random(KEY_LENGTH)),
    rollingStartNumber: intervalNumber(newest - (days - 1 - index) * DAY_MS),
    rollingPeriod: MAX_INTERVAL_COUNT,
    transmissionRisk: 0,
  }))
}
