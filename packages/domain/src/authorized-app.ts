/** An app that may publish. On the wire its name is `healthAuthorityID`, for historical reasons. */
export interface AuthorizedApp {
  /** Lower-case. */
  name: string
  /** Stamped on every key that the app publishes; empty allows any that a request names. */
  allowedRegions: string[]
  /** The authorities whose certificates the app may use. */
  allowedHealthAuthorityIds: number[]
  bypassHealthAuthorityVerification: boolean
  bypassRevisionToken: boolean
}

/** The name under which an app is stored and looked up. White space counts. */
export function normalizeAppName(name: string): string {
  return name.toLowerCase()
}

/** The first region that the app may not publish to, compared as written; undefined if it may all. */
export function findForbiddenRegion(
  app: AuthorizedApp,
  requested: readonly string[],
): string | undefined {
  if (app.allowedRegions.length === 0) return undefined
  return requested.find((region) => !app.allowedRegions.includes(region))
}

/**
 * The regions of a publish: those it asks for (only the old API can), else the app's own in their
 * stored order, else the default. Empty when nothing is configured at all.
 */
export function regionsOf(
  app: AuthorizedApp,
  requested: readonly string[],
  defaultRegion: string | undefined,
): string[] {
  if (requested.length > 0) return [...requested]
  if (app.allowedRegions.length > 0) return [...app.allowedRegions]
  return defaultRegion ? [defaultRegion] : []
}
