import { deflateRawSync } from 'node:zlib'
import { exposures, type Transaction } from '@ens/database'
import { type ExportKey, encodeExport } from '@ens/export-file'
import pg from 'pg'
import { to } from 'pg-copy-streams'

/** As the export service does it. */
const DEFLATE = { level: 6, memLevel: 9 }

/**
 * How long it takes to copy windows out with the bare driver, one after the other over a connection that has copied before, and how
 * many keys they hold; nothing is done with them.
 */
export async function copyOut(
  url: string,
  selections: readonly exposures.Selection[],
): Promise<{ keys: number; ms: number }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('begin')
    for (const selection of selections.slice(0, 1))
      await copyOne(client, { ...selection, end: selection.keysFrom })
    const startedAt = performance.now()
    let keys = 0
    for (const selection of selections) keys += await copyOne(client, selection)
    return { keys, ms: performance.now() - startedAt }
  } finally {
    await client.end()
  }
}

/** Returns how many keys the window holds. */
async function copyOne(client: pg.Client, selection: exposures.Selection): Promise<number> {
  const query = await readingQuery(client, selection)
  const copy = client.query(to(`copy (${query}) to stdout (format binary)`))
  for await (const _ of copy);
  return copy.rowCount
}

/** The query by which the export service reads the keys of a window. */
async function readingQuery(client: pg.Client, selection: exposures.Selection): Promise<string> {
  let copied: string | undefined
  const tx: Pick<Transaction, 'query' | 'copyOut'> = {
    query: async ({ text, values }) => (await client.query(text, values)).rows,
    async *copyOut({ text }) {
      copied = text
      yield* []
    },
  }
  for await (const _ of exposures.streamKeys(tx as Transaction, selection));
  if (copied === undefined) throw new Error('the export reads its keys in another way')
  return copied
}

/** What the same keys take in an archive, and what it costs to make them small. */
export interface Deflation {
  keys: number
  bytes: number
  ms: number
}

/** Compresses these keys in this order and does nothing else. */
export function deflate(keys: readonly ExportKey[]): Deflation {
  const exportBin = encodeExport({
    start: 0,
    end: 0,
    region: 'US',
    signatureInfos: [],
    keys,
    revisedKeys: [],
  })
  const startedAt = performance.now()
  const { length: bytes } = deflateRawSync(exportBin, DEFLATE)
  return { keys: keys.length, bytes, ms: performance.now() - startedAt }
}

export function byKey(keys: readonly ExportKey[]): ExportKey[] {
  return [...keys].sort((a, b) => Buffer.compare(a.key, b.key))
}
