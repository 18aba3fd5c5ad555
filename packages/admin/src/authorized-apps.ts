import { authorizedApps, healthAuthorities } from '@ens/database'
import type { AuthorizedApp } from '@ens/domain'
import type { ChangeDeps, ConfigDeps } from './deps.ts'
import { invalidInput } from './errors.ts'
import { type Changes, found, regions, required, unlessTaken, withChanges } from './input.ts'

export interface AuthorizedAppInput {
  /** What phones send as `healthAuthorityID`; letter case does not matter. */
  name: string
  /** Stamped on every key that the app publishes. */
  allowedRegions: readonly string[]
  /** The authorities whose certificates the app may use. */
  allowedHealthAuthorityIds: readonly number[]
  /** Never in production: publishes are accepted without a certificate. */
  bypassHealthAuthorityVerification?: boolean | undefined
  /** Never in production: revisions are accepted without a token. */
  bypassRevisionToken?: boolean | undefined
}

/** Lets an app publish. Throws `invalid_input`, `name_taken`. */
export async function createAuthorizedApp(
  { db }: Pick<ConfigDeps, 'db'>,
  input: AuthorizedAppInput,
): Promise<void> {
  const app = await checked({ db }, input)
  await unlessTaken(`an app ${app.name}`, () => authorizedApps.insert(db, app))
}

/** Changes what is given and keeps the rest. */
export async function updateAuthorizedApp(
  { db }: Pick<ChangeDeps, 'db'>,
  name: string,
  changes: Changes<Omit<AuthorizedAppInput, 'name'>>,
): Promise<void> {
  await db.transaction(async (tx) => {
    const known = found(`app ${name}`, await authorizedApps.lock(tx, name))
    const app = await checked({ db: tx }, withChanges<AuthorizedAppInput>(known, changes))
    await authorizedApps.update(tx, app)
  })
}

/** Ends the app's right to publish; the keys it published stay. */
export async function deleteAuthorizedApp(
  { db }: Pick<ConfigDeps, 'db'>,
  name: string,
): Promise<void> {
  found(`app ${name}`, (await authorizedApps.remove(db, name)) || undefined)
}

async function checked(
  { db }: Pick<ConfigDeps, 'db'>,
  input: AuthorizedAppInput,
): Promise<AuthorizedApp> {
  const allowedRegions = regions('the regions', input.allowedRegions)
  if (allowedRegions.length === 0) throw invalidInput('an app needs at least one region')
  const known = new Set((await healthAuthorities.listWithKeys(db)).map(({ id }) => id))
  const unknown = input.allowedHealthAuthorityIds.filter((id) => !known.has(id))
  if (unknown.length > 0) throw invalidInput(`there is no health authority ${unknown.join(', ')}`)
  return {
    name: required('the name', input.name).toLowerCase(),
    allowedRegions,
    allowedHealthAuthorityIds: [...new Set(input.allowedHealthAuthorityIds)],
    bypassHealthAuthorityVerification: input.bypassHealthAuthorityVerification ?? false,
    bypassRevisionToken: input.bypassRevisionToken ?? false,
  }
}
