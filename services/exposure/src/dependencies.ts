import { randomBytes, randomInt } from 'node:crypto'
import { type Database, openDatabase, revisionKeys } from '@ens/database'
import { decodeBase64 } from '@ens/domain'
import { type KeyManager, openKeyManager, requireCapabilities } from '@ens/keys'
import { traceKeyManager } from '@ens/observability'
import { createKeyRing, revisionTokens as sealsOf } from '@ens/revision'
import type { ServiceContext } from '@ens/server'
import { createStatsVerifier, createVerifier } from '@ens/verification'
import { keepAcceptedParties } from './accepted-parties.ts'
import type { Config } from './config.ts'
import { publishEvents } from './events.ts'
import { replyProfile } from './reply-profile.ts'
import type { Random } from './response-padding.ts'
import { createFirstKey } from './revision-key-store.ts'
import { revisionTokens } from './revision-tokens.ts'
import type { RouteDeps } from './routes.ts'

/** What tests, and fleets in one process, may hand in instead of what the settings name. */
export interface ExposureContext extends ServiceContext {
  /** Stays open when the service closes. */
  db?: Database
  keyManager?: KeyManager
  random?: Random
  /** Set when `now` is not the time of day: arrivals are then not compared with the database's clock. */
  hasMovedClock?: boolean
}

export interface Dependencies extends RouteDeps {
  close(): Promise<void>
}

/** Longest that a publish may take, and most that its arrival may differ from the database's clock: exports wait for no more. */
const PUBLISH_DEADLINE_MS = 15_000

/** A change of apps or authorities acts within ten seconds; this leaves room for a slow look. */
const CONFIGURATION_LOOK_MS = 3000

const SYSTEM_RANDOM: Random = { integer: (limit) => randomInt(limit), bytes: randomBytes }

/** Opens what the settings name. Nothing waits for the database: a service that starts during an outage recovers with it. */
export async function openDependencies(
  config: Config,
  context: ExposureContext,
): Promise<Dependencies> {
  const { logger, now, random = SYSTEM_RANDOM, hasMovedClock = false } = context
  const events = publishEvents(logger, config)
  const keyManager = traceKeyManager(context.keyManager ?? (await openKeyManager(config.keys, now)))
  requireCapabilities(keyManager, 'encrypt')
  const db =
    context.db ?? openDatabase(config.database, { onConnectionLost: events.connectionLost })
  const profile = replyProfile()
  const parties = keepAcceptedParties({
    db,
    now,
    appMaxAgeMs: config.appCacheMs,
    healthAuthorityMaxAgeMs: config.healthAuthorityCacheMs,
    intervalMs: CONFIGURATION_LOOK_MS,
    onLook: profile.looked,
    onFailure: events.configurationUnread,
    // A key that was destroyed opens no token any more.
    onChange: () => void ring.refresh().catch(events.configurationUnread),
  })
  const { findHealthAuthority } = parties
  const ring = createKeyRing({
    load: () => revisionKeys.listAllowed(db),
    create: (key) => createFirstKey(db, key),
    keyManager,
    keyId: config.revisionToken.keyId,
    now,
    refreshMs: config.revisionToken.keyCacheMs,
    onAlarm: events.revisionKeyAlarm,
  })
  return {
    db,
    config,
    parties,
    verify: createVerifier({ findHealthAuthority, now }),
    verifyStatsToken: createStatsVerifier({
      findHealthAuthority,
      now,
      audience: config.stats.audience,
    }),
    tokens: revisionTokens({
      seals: sealsOf({ ring, aad: aadOf(config), minLength: config.revisionToken.minLength }),
      maxIntervalAgeMs: config.publish.maxIntervalAgeMs,
      onNotIssued: events.tokenNotIssued,
    }),
    events,
    now,
    random,
    profile,
    monotonic: () => performance.now(),
    maxLatencyMs: config.chaffMaxLatencyMs,
    deadlineMs: PUBLISH_DEADLINE_MS,
    maxSkewMs: hasMovedClock ? undefined : PUBLISH_DEADLINE_MS,
    async close() {
      parties.close()
      ring.close()
      if (!context.db) await db.close()
    },
  }
}

function aadOf({ revisionToken }: Config): Buffer {
  return decodeBase64(revisionToken.aad) ?? Buffer.alloc(0)
}
