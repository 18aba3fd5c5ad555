import { base64Fault, decodeBase64 } from '../base64.ts'
import { KEY_LENGTH } from '../exposure-key.ts'
import { MAX_INTERVAL_COUNT } from '../interval.ts'
import type { SentKey } from './sent-key.ts'

const MAX_TRANSMISSION_RISK = 8

/** The intervals that a key of this publish may lie in. */
export interface AcceptedIntervals {
  /** A key must have been valid at this interval or later. */
  earliestEnd: number
  latestStart: number
}

export type CheckedKey = { key: Buffer } | { fault: string }

/** Decodes a key, or says what is wrong with it: the first fault in the order of these checks. */
export function checkKey(sent: SentKey, accepted: AcceptedIntervals): CheckedKey {
  const key = decodeBase64(sent.key)
  if (!key) return { fault: base64Fault(sent.key) }
  const fault = lengthFault(key) ?? intervalFault(sent, accepted) ?? riskFault(sent)
  return fault === undefined ? { key } : { fault }
}

function lengthFault(key: Buffer): string | undefined {
  if (key.length === KEY_LENGTH) return undefined
  return `invalid key length, ${key.length}, must be ${KEY_LENGTH}`
}

function intervalFault(sent: SentKey, accepted: AcceptedIntervals): string | undefined {
  const { rollingStartNumber: start, rollingPeriod: count } = sent
  if (count < 1 || count > MAX_INTERVAL_COUNT) {
    return `invalid interval count, ${count}, must be >= 1 && <= ${MAX_INTERVAL_COUNT}`
  }
  if (start + count < accepted.earliestEnd) {
    return `key expires before minimum window; ${start} + ${count} = ${start + count} which is too old, must be >= ${accepted.earliestEnd}`
  }
  if (start > accepted.latestStart) {
    return `interval number ${start} is in the future, must be <= ${accepted.latestStart}`
  }
  return undefined
}

function riskFault({ transmissionRisk }: SentKey): string | undefined {
  if (transmissionRisk >= 0 && transmissionRisk <= MAX_TRANSMISSION_RISK) return undefined
  return `invalid transmission risk: ${transmissionRisk}, must be >= 0 && <= ${MAX_TRANSMISSION_RISK}`
}
