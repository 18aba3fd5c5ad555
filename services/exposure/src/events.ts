import type { AuthorizedApp, Platform, VerifiedClaims } from '@ens/domain'
import type { AppError } from '@ens/errors'
import { counter, type Logger } from '@ens/observability'
import type { KeyRingAlarm } from '@ens/revision'
import { certificateFault } from '@ens/verification'
import type { StoredPublish } from './store-publish.ts'

// Labels are bounded: apps, authorities and regions only as configured, never as a client wrote them.
const APP = 'name of the app, as configured'
const exposures = counter('en-server/exposures_count', {
  description: 'Exposure keys of publishes that were stored, by what became of them.',
  labels: { type: '`INSERTED`, `REVISED` or `DROPPED`' },
})
const publishes = counter('en-server/publish_requests', {
  description: 'Publishes that succeeded, once for each of their regions.',
  labels: { healthAuthorityID: APP, region: 'as configured' },
})
const results = counter('en-server/publish_results_count', {
  description: 'Publishes by result and by who is to blame for it.',
  labels: {
    blame: '`NONE`, `CLIENT` or `SERVER`',
    result: '`OK`, or the code of the reply',
  },
})
const bypasses = counter('en-server/verification_bypassed_count', {
  description: 'Publishes without a good certificate, by apps that may do that.',
  labels: { healthAuthorityID: APP },
})
const notYetValid = counter('en-server/jwt_not_yet_valid', {
  description:
    'Certificates refused because they were issued in the future: the clock of their authority is ahead of ours.',
  labels: { healthAuthorityID: APP },
})
const noPublicKey = counter('en-server/no_public_key', {
  description: 'Certificates refused because their authority has no such key that is valid now.',
  labels: { healthAuthorityID: APP },
})
const chaff = counter('en-server/chaff_count', { description: 'Replies to chaff.' })
const missingTokens = counter('en-server/revision_token_not_issued', {
  description:
    'Publishes that were stored but got no revision token, because there was no key to make it with.',
})
const keyAlarms = counter('en-server/revision_key_alarms_count', {
  description: 'Refreshes of the revision keys that failed, and keys that could not be unwrapped.',
  labels: { problem: 'what went wrong' },
})

export interface PublishStoredEvent {
  app: AuthorizedApp
  /** As configured. */
  regions: readonly string[]
  claims: VerifiedClaims | undefined
  platform: Platform
  stored: StoredPublish
  /** How many keys were in the publish a second time. */
  repeated: number
}

export interface EventOptions {
  /** Whether refused certificates are logged whole, for development. */
  logsBadCertificates: boolean
  /** Whether what is wrong with a body is logged as a warning. */
  logsBadBodies: boolean
}

/** What happens to publishes: each event is a line in the log, where it helps, and a counter. Never a key, token or address. */
export type PublishEvents = ReturnType<typeof publishEvents>

export function publishEvents(log: Logger, { logsBadCertificates, logsBadBodies }: EventOptions) {
  for (const type of KEY_OUTCOMES) exposures.add(0, { type })
  return {
    publishStored({ app, regions, claims, platform, stored, repeated }: PublishStoredEvent) {
      const { inserted, revised } = stored
      const dropped = stored.dropped + repeated
      const healthAuthorityId = claims?.healthAuthorityId
      log.info(
        { app: app.name, healthAuthorityId, platform, inserted, revised, dropped },
        'publish stored',
      )
      countKeys('INSERTED', inserted)
      countKeys('REVISED', revised)
      countKeys('DROPPED', dropped)
      for (const region of regions) publishes.add(1, { healthAuthorityID: app.name, region })
    },

    replied(error: AppError | undefined) {
      const isOurs = error?.kind === 'internal' || error?.kind === 'unavailable'
      const blame = isOurs ? 'SERVER' : error ? 'CLIENT' : 'NONE'
      results.add(1, { blame, result: error?.code ?? 'OK' })
    },

    /** No line in the log: chaff leaves no trace but this count. */
    chaffAnswered() {
      chaff.add()
    },

    bodyUnreadable(error: unknown) {
      if (logsBadBodies) log.warn({ err: error }, 'a body cannot be read')
    },

    certificateRefused(app: AuthorizedApp, error: AppError, certificate: string) {
      const fault = certificateFault(error)
      if (fault === 'not-yet-valid') notYetValid.add(1, { healthAuthorityID: app.name })
      if (fault === 'no-public-key') noPublicKey.add(1, { healthAuthorityID: app.name })
      const debug = logsBadCertificates && { certificate }
      log.info({ reason: error.message, ...debug }, 'certificate refused')
    },

    verificationBypassed(app: AuthorizedApp) {
      log.info({ app: app.name }, 'publish without a good certificate, as the app may')
      bypasses.add(1, { healthAuthorityID: app.name })
    },

    tokenNotIssued(error: unknown) {
      log.error({ err: error }, 'a publish was stored, but no revision token could be made')
      missingTokens.add()
    },

    revisionKeyAlarm({ problem, error, ...about }: KeyRingAlarm) {
      log.error(
        { err: error, problem, ...about },
        'revision keys need a look; tokens go on with those in memory',
      )
      keyAlarms.add(1, { problem })
    },

    connectionLost(error: Error) {
      log.warn({ err: error }, 'an idle connection to the database was lost')
    },

    configurationUnread(error: unknown) {
      log.warn({ err: error }, 'apps and authorities cannot be read; the last known serve on')
    },
  }
}

/** All are there from the start, and most publishes have only one of them to count. */
const KEY_OUTCOMES = ['INSERTED', 'REVISED', 'DROPPED'] as const

function countKeys(type: (typeof KEY_OUTCOMES)[number], amount: number): void {
  if (amount > 0) exposures.add(amount, { type })
}
