import type { SignatureInfo } from '@ens/domain'
import sql from 'sql-template-tag'
import type { Queryable, Transaction } from './database.ts'

interface Row {
  id: number
  signing_key: string
  signing_key_id: string
  signing_key_version: string
  thru_timestamp: Date | null
}

const columns = sql`id, signing_key, signing_key_id, signing_key_version, thru_timestamp`

/** Every signature info, in the order in which operators look for one. */
export async function list(db: Queryable): Promise<SignatureInfo[]> {
  const rows = await db.query<Row>(sql`
    select ${columns} from signature_info
    order by signing_key_id, signing_key_version, thru_timestamp desc, id`)
  return rows.map(fromRow)
}

/** Those of these ids that exist, oldest first. */
export async function listByIds(db: Queryable, ids: readonly number[]): Promise<SignatureInfo[]> {
  const rows = await db.query<Row>(
    sql`select ${columns} from signature_info where id = any(${ids}) order by id`,
  )
  return rows.map(fromRow)
}

/** The signature info, held against other changes until the transaction ends. */
export async function lock(tx: Transaction, id: number): Promise<SignatureInfo | undefined> {
  const [row] = await tx.query<Row>(
    sql`select ${columns} from signature_info where id = ${id} for update`,
  )
  return row && fromRow(row)
}

/** Adds a signature info and returns its id. */
export async function insert(db: Queryable, info: Omit<SignatureInfo, 'id'>): Promise<number> {
  const [row] = await db.query<{ id: number }>(sql`
    insert into signature_info (signing_key, signing_key_id, signing_key_version, thru_timestamp)
    values (${info.signingKey}, ${info.keyId}, ${info.keyVersion}, ${info.thru ?? null})
    returning id`)
  return row?.id ?? 0
}

/** Replaces everything but the id; false when there is no such signature info. */
export async function update(db: Queryable, info: SignatureInfo): Promise<boolean> {
  const updated = await db.execute(sql`
    update signature_info
    set signing_key = ${info.signingKey}, signing_key_id = ${info.keyId},
      signing_key_version = ${info.keyVersion}, thru_timestamp = ${info.thru ?? null}
    where id = ${info.id}`)
  return updated > 0
}

function fromRow(row: Row): SignatureInfo {
  return {
    id: row.id,
    signingKey: row.signing_key,
    keyId: row.signing_key_id,
    keyVersion: row.signing_key_version,
    thru: row.thru_timestamp ?? undefined,
  }
}
