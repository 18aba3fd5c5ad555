import {
  authorizedApps,
  configuration,
  type Database,
  healthAuthorities,
  type Queryable,
} from '@ens/database'
import { type AuthorizedApp, type HealthAuthority, normalizeAppName } from '@ens/domain'
import { keepSnapshot } from './snapshot.ts'

/** Whom we accept publishes and certificates from: two small tables, kept whole, so that no name a client makes up is remembered. */
export interface AcceptedParties {
  /** Throws when the database has been out of reach for longer than apps are believed. */
  findApp(name: string): Promise<AuthorizedApp | undefined>
  /** Throws when the database has been out of reach for longer than authorities are believed. */
  findHealthAuthority(issuer: string): Promise<HealthAuthority | undefined>
  close(): void
}

export interface AcceptedPartiesOptions {
  db: Database
  now: () => Date
  appMaxAgeMs: number
  healthAuthorityMaxAgeMs: number
  /** How often to ask whether anything has changed. */
  intervalMs: number
  onFailure: (error: unknown) => void
  /** Told after every look whether the database could be asked. */
  onLook: (isReachable: boolean) => void
  /** Told when the configuration was changed since the last look. */
  onChange: () => void
}

interface Parties {
  version: number
  apps: ReadonlyMap<string, AuthorizedApp>
  healthAuthorities: ReadonlyMap<string, HealthAuthority>
}

const LONGEST_LOOK_MS = 4000

export function keepAcceptedParties(options: AcceptedPartiesOptions): AcceptedParties {
  const { db, now, appMaxAgeMs, healthAuthorityMaxAgeMs, intervalMs, onFailure, onLook } = options
  const read = async (known?: Parties) => {
    const parties = await readParties(db, known)
    if (known && parties.version !== known.version) options.onChange()
    return parties
  }
  const snapshot = keepSnapshot({
    read,
    now,
    intervalMs,
    timeoutMs: LONGEST_LOOK_MS,
    onFailure,
    onLook,
  })
  return {
    async findApp(name) {
      const { apps } = await snapshot.get(appMaxAgeMs)
      return apps.get(normalizeAppName(name))
    },
    async findHealthAuthority(issuer) {
      const parties = await snapshot.get(healthAuthorityMaxAgeMs)
      return parties.healthAuthorities.get(issuer)
    },
    close: snapshot.close,
  }
}

async function readParties(db: Database, known?: Parties): Promise<Parties> {
  const version = await configuration.version(db, { timeoutMs: LONGEST_LOOK_MS })
  if (version === known?.version) return known
  return db.transaction(loadParties, { isolation: 'repeatable read' })
}

/** In one transaction, so that version, apps and authorities are of one moment. */
async function loadParties(tx: Queryable): Promise<Parties> {
  const version = await configuration.version(tx)
  const apps = await authorizedApps.list(tx)
  const authorities = await healthAuthorities.listWithKeys(tx)
  return {
    version,
    apps: new Map(apps.map((app) => [app.name, app])),
    healthAuthorities: new Map(authorities.map((authority) => [authority.issuer, authority])),
  }
}
