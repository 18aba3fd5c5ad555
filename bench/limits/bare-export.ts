import { deflateRawSync } from 'node:zlib'
import { exposures, type Transaction } from '@ens/database'
import { type ExportKey, encodeExport } from '@ens/export-file'
import pg from 'pg'
import Cursor from 'pg-cursor'

/** As the export service does it. */
const PAGE_SIZE = 2000
const DEFLATE = { level: 6, memLevel: 9 }

/** How long it takes to read a window through a cursor of the bare driver, and how many keys it holds. */
export async function readByCursor(
  url: string,
  selection: exposures.Selection,
): Promise<{ keys: number; ms: number }> {
  const { text, values } = await keysStatement(selection)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('begin')
    const startedAt = performance.now()
    const cursor = client.query(new Cursor(text, values))
    let keys = 0
    for (let rows = await cursor.read(PAGE_SIZE); rows.length > 0; ) {
      keys += rows.length
      rows = await cursor.read(PAGE_SIZE)
    }
    return { keys, ms: performance.now() - startedAt }
  } finally {
    await client.end()
  }
}

/** The statement by which the export service reads a window. */
async function keysStatement(
  selection: exposures.Selection,
): Promise<{ text: string; values: unknown[] }> {
  let recorded: { text: string; values: unknown[] } | undefined
  const tx: Pick<Transaction, 'stream'> = {
    async *stream({ text, values }) {
      recorded = { text, values }
      yield []
    },
  }
  for await (const _ of exposures.streamKeys(tx as Transaction, selection, PAGE_SIZE)) break
  if (!recorded) throw new Error('the export reads its keys in another way')
  return recorded
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
