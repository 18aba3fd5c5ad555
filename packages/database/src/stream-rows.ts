import type pg from 'pg'
import Cursor from 'pg-cursor'
import type { Sql } from 'sql-template-tag'
import { translated } from './fault.ts'
import { withinTime } from './within-time.ts'

/** Longest to wait for a page; the first one waits for the server to sort. */
const PAGE_MS = 600_000
const CLOSE_MS = 5000

/** The rows of a statement, `size` at a time, by a cursor. Fails, rather than waits, when the connection is lost. */
export async function* streamRows<Row extends object>(
  client: pg.PoolClient,
  statement: Sql,
  size: number,
): AsyncGenerator<Row[]> {
  const cursor = client.query(new Cursor<Row>(statement.text, statement.values as unknown[]))
  const connection = watch(client)
  try {
    for (;;) {
      const page = Promise.race([cursor.read(size), connection.lost])
      const rows = await withinTime(PAGE_MS, page)
      if (rows.length > 0) yield rows
      if (rows.length < size) return
    }
  } catch (error) {
    throw translated(error)
  } finally {
    // Of a connection that was lost a cursor waits for the end for ever.
    const closed = Promise.race([cursor.close(), connection.lost])
    await withinTime(CLOSE_MS, closed).catch(() => {})
    connection.stop()
  }
}

/** Rejects once the connection is lost; the cursor itself would not notice. */
function watch(client: pg.PoolClient): { lost: Promise<never>; stop(): void } {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {}) // whoever waits on it is told
  const onLoss = (error?: Error) => reject(error ?? new Error('the connection ended'))
  client.on('error', onLoss)
  client.on('end', onLoss)
  return {
    lost: promise,
    stop() {
      client.removeListener('error', onLoss)
      client.removeListener('end', onLoss)
    },
  }
}
