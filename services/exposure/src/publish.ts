import { appLookupFailed, appUnknown, badRequest, regionForbidden, regionMissing } from '@ens/api'
import type { Database } from '@ens/database'
import {
  type AuthorizedApp,
  findForbiddenRegion,
  normalizeRegion,
  type Platform,
  regionsOf,
  type SentKey,
  settleDuplicates,
  type TransformedPublish,
  transformPublish,
  truncate,
  type VerifiedClaims,
} from '@ens/domain'
import { isAppError } from '@ens/errors'
import type { AcceptedParties } from './accepted-parties.ts'
import type { Config } from './config.ts'
import type { PublishEvents } from './events.ts'
import { publishStatistics } from './publish-statistics.ts'
import { RefusedPublish } from './refused-publish.ts'
import type { RevisionTokens } from './revision-tokens.ts'
import { type StoredPublish, type StoreRequest, storePublish } from './store-publish.ts'

/** A publish as either version of the API reads it. */
export interface PublishInput {
  keys: readonly SentKey[]
  /** As sent; the authorized app of that name, whatever its letter case. */
  appName: string
  /** Those that the publish asks for; only the old API can. */
  regions: readonly string[]
  certificate: string
  hmacKey: string
  symptomOnsetInterval: number
  traveler: boolean
  revisionToken: string
  platform: Platform
}

export interface PublishDeps {
  db: Database
  config: Pick<Config, 'publish'>
  parties: Pick<AcceptedParties, 'findApp'>
  /** Throws unless a certificate covers the keys and comes from an authority that the app may use. */
  verify: (certificate: SentCertificate) => Promise<VerifiedClaims>
  tokens: RevisionTokens
  events: PublishEvents
  now: () => Date
  /** Most that our clock may differ from the database's; undefined where it is moved on purpose. */
  maxSkewMs: number | undefined
}

interface SentCertificate {
  certificate: string
  hmacKey: string
  keys: readonly SentKey[]
  app: AuthorizedApp
}

export interface AcceptedPublish {
  /** Undefined when there is nothing to list, or none could be made. */
  revisionToken: string | undefined
  inserted: number
  /** About keys that were refused while others were stored. */
  partialFailure: string | undefined
  warnings: readonly string[]
}

const STATEMENT_TIMEOUT_MS = 10_000

/**
 * Takes in the keys of one phone: all that can be used, or none. Throws what the phone is told, a `RefusedPublish` when there
 * are warnings to add.
 */
export async function publish(deps: PublishDeps, input: PublishInput): Promise<AcceptedPublish> {
  const app = await findApp(deps, input.appName)
  const regions = chooseRegions(deps, app, input)
  const claims = await verifiedClaims(deps, app, input)
  const token = await deps.tokens.read(input.revisionToken)
  const arrivedAt = deps.now()
  const transformed = transformPublish(
    { ...input, appPackageName: app.name, regions, claims },
    deps.config.publish,
    arrivedAt,
  )
  refuseIfNothingIsUsable(transformed)
  const request = storeRequest(deps, { app, input, claims, token, transformed, arrivedAt })
  const stored = await storeWithWarnings(deps, request, transformed.warnings)
  const repeated = transformed.exposures.length - request.exposures.length
  deps.events.publishStored({
    app,
    regions: namesOwnRegions(app, input) ? ['other'] : regions,
    claims,
    platform: input.platform,
    stored,
    repeated,
  })
  return {
    revisionToken: await deps.tokens.issue(token, stored.listed, arrivedAt),
    inserted: stored.inserted,
    partialFailure: transformed.error,
    warnings: transformed.warnings,
  }
}

async function findApp({ parties }: PublishDeps, name: string): Promise<AuthorizedApp> {
  let app: AuthorizedApp | undefined
  try {
    app = await parties.findApp(name)
  } catch (cause) {
    throw appLookupFailed(undefined, { cause })
  }
  if (app) return app
  throw appUnknown(`unauthorized health authority: ${name}`)
}

function chooseRegions({ config }: PublishDeps, app: AuthorizedApp, input: PublishInput): string[] {
  const { appName, regions: requested } = input
  const forbidden = findForbiddenRegion(app, requested)
  if (forbidden !== undefined) {
    throw regionForbidden(
      `verifying allowed regions: app ${app.name} tried to write to unauthorized region ${forbidden}`,
    )
  }
  // An app without regions may name any; they are stored, so they must be regions.
  const named = namesOwnRegions(app, input) ? requested.map(normalizeRegion) : requested
  const regions = regionsOf(app, named, config.publish.defaultRegion)
  if (regions.length > 0) return regions
  throw regionMissing(`unknown health authority regions for ${appName}`)
}

/** Whether the regions are the client's words and not ours, so that metrics must not be labelled with them. */
function namesOwnRegions(app: AuthorizedApp, { regions: requested }: PublishInput): boolean {
  return requested.length > 0 && app.allowedRegions.length === 0
}

/** Undefined when the app may publish without a certificate, and sent none that is good. */
async function verifiedClaims(
  { verify, events }: PublishDeps,
  app: AuthorizedApp,
  { certificate, hmacKey, keys }: PublishInput,
): Promise<VerifiedClaims | undefined> {
  try {
    return await verify({ certificate, hmacKey, keys, app })
  } catch (error) {
    if (!isAppError(error) || error.kind !== 'unauthenticated') throw error
    if (!app.bypassHealthAuthorityVerification) {
      events.certificateRefused(app, error, certificate)
      throw error
    }
    events.verificationBypassed(app)
    return undefined
  }
}

function refuseIfNothingIsUsable({ exposures, error, warnings }: TransformedPublish): void {
  if (error === undefined || exposures.length > 0) return
  throw new RefusedPublish(badRequest(`unable to read request data: ${error}`), warnings)
}

interface Checked {
  app: AuthorizedApp
  input: PublishInput
  claims: VerifiedClaims | undefined
  token: StoreRequest['rules']['token']
  transformed: TransformedPublish
  arrivedAt: Date
}

function storeRequest(
  { config, maxSkewMs }: PublishDeps,
  { app, input, claims, token, transformed, arrivedAt }: Checked,
): StoreRequest {
  const { info, exposures } = transformed
  return {
    exposures: settleDuplicates(exposures),
    rules: {
      token,
      requiresToken: !app.bypassRevisionToken,
      allowsPartialRevisions: config.publish.allowsPartialRevisions,
      notExportedSince: truncate(arrivedAt, config.publish.truncateWindowMs),
    },
    admission: { arrivedAt, maxSkewMs, maxWaitMs: STATEMENT_TIMEOUT_MS },
    statistics: (isRevision) =>
      info &&
      claims &&
      publishStatistics(info, {
        healthAuthorityId: claims.healthAuthorityId,
        platform: input.platform,
        isRevision,
      }),
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  }
}

async function storeWithWarnings(
  { db }: PublishDeps,
  request: StoreRequest,
  warnings: readonly string[],
): Promise<StoredPublish> {
  try {
    return await storePublish(db, request)
  } catch (error) {
    throw new RefusedPublish(error, warnings)
  }
}
