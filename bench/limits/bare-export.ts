import { deflateRawSync } from 'node:zlib'
import { exposures, type Transaction } from '@ens/database'
import { type ExportKey, encodeExport } from '@ens/export-file'
import pg from 'pg'
import { to } from 'pg-copy-streams'

/** As the export service does it. */
const DEFLATE = { level: 6, memLevel: 9 }

/** How long it takes to copy a window out with the bare driver, and how many keys it holds; nothing is done with them. */
export async function copyOut(
  url: string,
  selection: exposures.Selection,
): Promise<{ keys: number; ms: number }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('begin')
    const startedAt = performance.now()
    const copy = client.query(
      to(`copy (${await readingQuery(client, selection)}) to stdout (format binary)`),
    )
    for await (const _ of copy);
    return { keys: copy.rowCount, ms: performance.now() - startedAt }
  } finally {
    await client.end()
  }
}

/** The query by which the export service reads the keys of a window. */
async function readingQuery(client: pg.Client, selection: exposures.Selection): Promise<string> {
  let copied = ''
  const tx: Pick<Transaction, 'query' | 'copyOut'> = {
    query: async ({ text, values }) => (await client.query(text, values)).rows,
    async *copyOut({ text }) {
      copied = text
      yield* []
    },
  }
  for await (const _ of exposures.streamKeys(tx as Transaction, selection));
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
