import type { AuthorizedApp } from '@ens/domain'
import sql from 'sql-template-tag'
import type { Queryable, Transaction } from './database.ts'

interface Row {
  app_package_name: string
  allowed_regions: string[]
  allowed_health_authority_ids: number[]
  bypass_health_authority_verification: boolean
  bypass_revision_token: boolean
}

const columns = sql`app_package_name, allowed_regions, allowed_health_authority_ids,
  bypass_health_authority_verification, bypass_revision_token`

/** Every app that may publish, by name. */
export async function list(db: Queryable): Promise<AuthorizedApp[]> {
  const rows = await db.query<Row>(
    sql`select ${columns} from authorized_app order by app_package_name`,
  )
  return rows.map(fromRow)
}

/** The app of this name, whatever its letter case. */
export async function find(db: Queryable, name: string): Promise<AuthorizedApp | undefined> {
  const [row] = await db.query<Row>(
    sql`select ${columns} from authorized_app where app_package_name = ${name.toLowerCase()}`,
  )
  return row && fromRow(row)
}

/** The app of this name, held against other changes until the transaction ends. */
export async function lock(tx: Transaction, name: string): Promise<AuthorizedApp | undefined> {
  const [row] = await tx.query<Row>(sql`
    select ${columns} from authorized_app where app_package_name = ${name.toLowerCase()} for update`)
  return row && fromRow(row)
}

/** Adds the app; a unique violation on `authorized_app_pkey` when there is one of that name. */
export async function insert(db: Queryable, app: AuthorizedApp): Promise<void> {
  await db.execute(sql`
    insert into authorized_app (${columns})
    values (${app.name.toLowerCase()}, ${app.allowedRegions}, ${app.allowedHealthAuthorityIds},
      ${app.bypassHealthAuthorityVerification}, ${app.bypassRevisionToken})`)
}

/** Replaces everything but the name; false when there is no such app. */
export async function update(db: Queryable, app: AuthorizedApp): Promise<boolean> {
  const updated = await db.execute(sql`
    update authorized_app
    set allowed_regions = ${app.allowedRegions},
      allowed_health_authority_ids = ${app.allowedHealthAuthorityIds},
      bypass_health_authority_verification = ${app.bypassHealthAuthorityVerification},
      bypass_revision_token = ${app.bypassRevisionToken}
    where app_package_name = ${app.name.toLowerCase()}`)
  return updated > 0
}

/** Ends the app's right to publish; false when there is no such app. */
export async function remove(db: Queryable, name: string): Promise<boolean> {
  const removed = await db.execute(
    sql`delete from authorized_app where app_package_name = ${name.toLowerCase()}`,
  )
  return removed > 0
}

function fromRow(row: Row): AuthorizedApp {
  return {
    name: row.app_package_name,
    allowedRegions: row.allowed_regions,
    allowedHealthAuthorityIds: row.allowed_health_authority_ids,
    bypassHealthAuthorityVerification: row.bypass_health_authority_verification,
    bypassRevisionToken: row.bypass_revision_token,
  }
}
