import sql from 'sql-template-tag'
import type { Queryable, Transaction } from './database.ts'

/** A data key that encrypts revision tokens, wrapped by the key manager. */
export interface RevisionKey {
  /** Named in every token. */
  kid: number
  wrappedKey: Uint8Array
  /** What the wrapping is bound to. */
  aad: Uint8Array
  createdAt: Date
}

interface Row {
  kid: number
  wrapped_cipher: Buffer
  aad: Uint8Array
  created_at: Date
}

/** The keys that tokens may be encrypted with, newest first: the first of them is the one to encrypt with. */
export async function listAllowed(db: Queryable): Promise<RevisionKey[]> {
  const rows = await db.query<Row>(sql`
    select kid, wrapped_cipher, aad, created_at from revision_key
    where allowed
    order by created_at desc, kid desc`)
  return rows.map(fromRow)
}

/** Keeps others from adding a key until the transaction ends, so that several that find none make one. */
export async function lockForInsert(tx: Transaction): Promise<void> {
  await tx.execute(sql`lock table revision_key in share row exclusive mode`)
}

/** Adds a key and returns its kid. */
export async function insert(
  db: Queryable,
  { wrappedKey, aad, createdAt }: Omit<RevisionKey, 'kid'>,
): Promise<number> {
  const [row] = await db.query<{ kid: number }>(sql`
    insert into revision_key (wrapped_cipher, aad, created_at)
    values (${wrappedKey}, ${aad}, ${createdAt})
    returning kid`)
  return row?.kid ?? 0
}

/** Destroys a key: tokens made with it cannot be read again. The row stays, so that its kid is not used twice; false when there is none. */
export async function destroy(db: Queryable, kid: number): Promise<boolean> {
  const destroyed = await db.execute(sql`
    update revision_key set allowed = false, wrapped_cipher = null, aad = null
    where kid = ${kid} and allowed`)
  return destroyed > 0
}

function fromRow(row: Row): RevisionKey {
  return {
    kid: row.kid,
    wrappedKey: row.wrapped_cipher,
    aad: row.aad,
    createdAt: row.created_at,
  }
}
