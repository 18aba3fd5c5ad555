import type { NewRevisionKey, WrappedRevisionKey } from '../revision-key.ts'

/** What the database's table of revision keys does, in memory; fits `createKeyRing` as it is. */
export interface RevisionKeyTable {
  load(): Promise<WrappedRevisionKey[]>
  /** As several instances that start at once need it: if there is a key, that is returned. */
  create(key: NewRevisionKey): Promise<WrappedRevisionKey>
  /** Adds a key though there are others. */
  insert(key: NewRevisionKey): WrappedRevisionKey
  destroy(kid: number): void
}

export function revisionKeyTable(): RevisionKeyTable {
  const rows = new Map<number, WrappedRevisionKey>()
  let lastKid = 0
  const insert = (key: NewRevisionKey) => {
    const row = { ...key, kid: ++lastKid }
    rows.set(row.kid, row)
    return row
  }
  return {
    insert,
    load: async () => [...rows.values()],
    create: async (key) => [...rows.values()][0] ?? insert(key),
    destroy: (kid) => {
      rows.delete(kid)
    },
  }
}
