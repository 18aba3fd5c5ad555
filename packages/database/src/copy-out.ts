import type { Socket } from 'node:net'
import type pg from 'pg'
import type { Sql } from 'sql-template-tag'
import { copyData } from './copy-data.ts'
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
  const copy = client.query(new CopyQuery(`copy (${text}) to stdout (format binary)`))
  let hasEnded = false
  try {
    for (;;) {
      const piece = await withinTime(PIECE_MS, unlessAborted(signal, copy.next()))
      if (!piece) break
      yield piece
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
  const { connection } = client as pg.PoolClient & { connection: Connection }
  connection.stream.destroy()
}

/** As much of the driver's connection as is needed here. */
interface Connection {
  stream: Socket
  query(text: string): void
}

/**
 * A copy as the driver runs its queries. While it lasts it reads the socket in the driver's stead, which would make an object for
 * every row.
 */
class CopyQuery implements pg.Submittable {
  readonly #text: string
  readonly #take = copyData()
  #socket: Socket | undefined
  /** The driver's own reader. */
  #readOn: (chunk: Buffer) => void = () => {}
  #pieces: Buffer[] = []
  #hasEnded = false
  #failure: Error | undefined
  #wake: () => void = () => {}

  constructor(text: string) {
    this.#text = text
  }

  /** The next piece, which is good until the one after it is asked for; undefined at the end. One caller at a time. */
  async next(): Promise<Buffer | undefined> {
    while (this.#pieces.length === 0 && !this.#hasEnded) {
      if (this.#failure) throw this.#failure
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      this.#socket?.resume()
      await promise
    }
    return this.#pieces.shift()
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection as pg.Connection & Connection
    this.#socket = stream
    const [readOn] = stream.listeners('data')
    this.#readOn = readOn as (chunk: Buffer) => void
    stream.removeListener('data', this.#readOn).on('data', this.#onData)
    connection.query(this.#text)
  }

  readonly #onData = (chunk: Buffer) => {
    const { data, rest } = this.#take(chunk)
    if (data.length > 0) this.#pieces.push(data)
    if (rest) this.#handBack(rest)
    else if (data.length > 0) this.#socket?.pause()
    this.#wake()
  }

  /** Whether the copy ended well the driver finds out: a refusal comes back as an error. */
  #handBack(rest: Buffer): void {
    this.#socket?.removeListener('data', this.#onData).on('data', this.#readOn)
    this.#readOn(rest)
  }

  handleError(error: Error): void {
    this.#failure = error
    this.#wake()
  }

  handleCommandComplete(): void {
    this.#hasEnded = true
    this.#wake()
  }

  handleReadyForQuery(): void {}
}
