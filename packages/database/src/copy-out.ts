import type pg from 'pg'
import { to } from 'pg-copy-streams'
import type { Sql } from 'sql-template-tag'
import { translated } from './fault.ts'
import { unlessAborted, withinTime } from './within-time.ts'

/** Longest to wait for a piece; the first one waits for the server to sort. */
const PIECE_MS = 600_000

/**
 * The result of a query in PostgreSQL's binary copy format, piece by piece as it arrives; a piece may end in the midst of a row.
 * The server waits while nobody asks for the next. The query has no parameters, because COPY takes none. Whoever leaves before
 * the end loses the connection: the server cannot be told to stop in any other way. An abort ends the wait for a piece.
 */
export async function* copyOut(
  client: pg.PoolClient,
  { text, values }: Sql,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  if (values.length > 0) throw new TypeError('COPY takes no parameters')
  const copy = client.query(to(`copy (${text}) to stdout (format binary)`))
  const pieces: AsyncIterator<Buffer> = copy[Symbol.asyncIterator]()
  let hasEnded = false
  try {
    for (;;) {
      const piece = await withinTime(PIECE_MS, unlessAborted(signal, pieces.next()))
      if (piece.done) break
      yield piece.value
    }
    hasEnded = true
  } catch (error) {
    throw signal?.aborted ? signal.reason : translated(error)
  } finally {
    if (!hasEnded) abandon(client)
  }
}

/** Ends the connection at once; the pool then drops it. */
function abandon(client: pg.PoolClient): void {
  const { connection } = client as pg.PoolClient & { connection: { stream: { destroy(): void } } }
  connection.stream.destroy()
}
