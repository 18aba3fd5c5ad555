import { createPrivateKey, randomBytes } from 'node:crypto'
import { intervalNumber } from '@ens/domain'
import { certifyKeys, type Issuer, makeKeys, type PhoneKey } from '@ens/phone'
import { APP, type Authority } from '../stand/configuration.ts'

/** Two weeks of keys, as most phones have. */
export const KEYS_PER_PUBLISH = 14
const ONSET_DAYS_AGO = 4
const INTERVALS_PER_DAY = 144
/** The loads end long before. */
const LIFETIME_MS = 3_600_000
/** Before base64; what phones fill their requests up with. */
const PADDING_BYTES = 1024

export type PublishKeys = readonly PhoneKey[]

export const onsetInterval = (now: Date) => intervalNumber(now) - ONSET_DAYS_AGO * INTERVALS_PER_DAY

/** Keys that no other publish has. None is still valid, so that all of them arrive in the same window. */
export function newKeys(now: Date): PublishKeys {
  return makeKeys({ days: KEYS_PER_PUBLISH, now, includesToday: false })
}

/** Makes bodies of publishes with a certificate each, as phones send them. */
export function bodyMaker({ privateKey, ...names }: Authority, now: Date): () => Buffer {
  const issuer: Issuer = { ...names, privateKey: createPrivateKey(privateKey) }
  const diagnosis = { reportType: 'confirmed', symptomOnsetInterval: onsetInterval(now) } as const
  return () => {
    const keys = newKeys(now)
    const body = {
      temporaryExposureKeys: keys,
      healthAuthorityID: APP,
      ...certifyKeys(issuer, diagnosis, keys, { now, lifetimeMs: LIFETIME_MS }),
      padding: randomBytes(PADDING_BYTES).toString('base64'),
    }
    return Buffer.from(JSON.stringify(body))
  }
}
