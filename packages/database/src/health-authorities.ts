import type { HealthAuthority, HealthAuthorityKey } from '@ens/domain'
import sql, { type Sql } from 'sql-template-tag'
import type { Queryable, Transaction } from './database.ts'

interface Row {
  id: number
  issuer: string
  audience: string
  name: string
  jwks_uri: string | null
  enable_stats: boolean
}

interface KeyRow {
  health_authority_id: number
  version: string
  from_timestamp: string
  thru_timestamp: string | null
  public_key: string
}

/** What is said of an authority besides its keys. */
export type HealthAuthoritySettings = Omit<HealthAuthority, 'id' | 'keys'>

/** Every authority with its keys, those by version; one statement, so that both are of one moment. */
export function listWithKeys(db: Queryable): Promise<HealthAuthority[]> {
  return select(db, sql``)
}

export async function findByIssuer(
  db: Queryable,
  issuer: string,
): Promise<HealthAuthority | undefined> {
  const [authority] = await select(db, sql`where issuer = ${issuer}`)
  return authority
}

export async function find(db: Queryable, id: number): Promise<HealthAuthority | undefined> {
  const [authority] = await select(db, sql`where id = ${id}`)
  return authority
}

/** The authority and its keys as they are now; nobody else can change them, or add a key, until the transaction ends. */
export async function lock(tx: Transaction, id: number): Promise<HealthAuthority | undefined> {
  await tx.execute(sql`select from health_authority where id = ${id} for update`)
  await tx.execute(sql`
    select from health_authority_key where health_authority_id = ${id} for update`)
  return find(tx, id)
}

/** Adds an authority and returns its id; a unique violation on `health_authority_issuer_key` when the issuer is known. */
export async function insert(
  db: Queryable,
  { issuer, audience, name, jwksUri, enableStats }: HealthAuthoritySettings,
): Promise<number> {
  const [row] = await db.query<{ id: number }>(sql`
    insert into health_authority (issuer, audience, name, jwks_uri, enable_stats)
    values (${issuer}, ${audience}, ${name}, ${jwksUri ?? null}, ${enableStats})
    returning id`)
  return row?.id ?? 0
}

/** Replaces everything but the id and the keys; false when there is no such authority. */
export async function update(
  db: Queryable,
  id: number,
  { issuer, audience, name, jwksUri, enableStats }: HealthAuthoritySettings,
): Promise<boolean> {
  const updated = await db.execute(sql`
    update health_authority
    set issuer = ${issuer}, audience = ${audience}, name = ${name}, jwks_uri = ${jwksUri ?? null},
      enable_stats = ${enableStats}
    where id = ${id}`)
  return updated > 0
}

/** Adds a key; a unique violation on `health_authority_key_pkey` when the authority has one of that version. */
export async function insertKey(
  db: Queryable,
  id: number,
  { version, from, thru, publicKey }: HealthAuthorityKey,
): Promise<void> {
  await db.execute(sql`
    insert into health_authority_key
      (health_authority_id, version, from_timestamp, thru_timestamp, public_key)
    values (${id}, ${version}, ${from}, ${thru ?? null}, ${publicKey})`)
}

/** Sets how long a key is valid; false when there is no such key. */
export async function updateKeyValidity(
  db: Queryable,
  id: number,
  { version, from, thru }: Pick<HealthAuthorityKey, 'version' | 'from' | 'thru'>,
): Promise<boolean> {
  const updated = await db.execute(sql`
    update health_authority_key
    set from_timestamp = ${from}, thru_timestamp = ${thru ?? null}
    where health_authority_id = ${id} and version = ${version}`)
  return updated > 0
}

/** Gives a key another version, so that its own is free; false when there is no such key. */
export async function renameKey(
  db: Queryable,
  id: number,
  version: string,
  newVersion: string,
): Promise<boolean> {
  const renamed = await db.execute(sql`
    update health_authority_key set version = ${newVersion}
    where health_authority_id = ${id} and version = ${version}`)
  return renamed > 0
}

/** Deletes a key; to delete one that is gone is no error. */
export async function removeKey(db: Queryable, id: number, version: string): Promise<void> {
  await db.execute(sql`
    delete from health_authority_key where health_authority_id = ${id} and version = ${version}`)
}

async function select(db: Queryable, where: Sql): Promise<HealthAuthority[]> {
  const rows = await db.query<Row & { keys: KeyRow[] }>(sql`
    select id, issuer, audience, name, jwks_uri, enable_stats,
      coalesce(
        (select jsonb_agg(jsonb_build_object(
            'version', version, 'public_key', public_key,
            'from_timestamp', from_timestamp, 'thru_timestamp', thru_timestamp)
          order by version collate "C")
        from health_authority_key
        where health_authority_id = id),
        '[]') as keys
    from health_authority ${where}
    order by issuer collate "C"`)
  return rows.map(fromRow)
}

function fromRow(row: Row & { keys: KeyRow[] }): HealthAuthority {
  return {
    id: row.id,
    issuer: row.issuer,
    audience: row.audience,
    name: row.name,
    ...(row.jwks_uri !== null && { jwksUri: row.jwks_uri }),
    enableStats: row.enable_stats,
    keys: row.keys.map((key) => ({
      version: key.version,
      publicKey: key.public_key,
      from: new Date(key.from_timestamp),
      thru: key.thru_timestamp === null ? undefined : new Date(key.thru_timestamp),
    })),
  }
}
