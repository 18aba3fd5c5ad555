import pg from 'pg'
import Cursor from 'pg-cursor'
import type { Sql } from 'sql-template-tag'
import type { DatabaseConfig } from './config.ts'
import { clientConfig } from './connection.ts'
import { leavesConnectionUsable, translated } from './fault.ts'

export interface QueryOptions {
  /** Longest to wait for the answer, in milliseconds; then the connection is dropped and `database_timeout` thrown. */
  timeoutMs?: number
}

/** Anything that can run a statement: the pool, or a transaction. */
export interface Queryable {
  query<Row extends object>(statement: Sql, options?: QueryOptions): Promise<Row[]>
  /** Runs a statement for its effect, and says how many rows it touched. */
  execute(statement: Sql, options?: QueryOptions): Promise<number>
}

declare const transactional: unique symbol

/** A `Queryable` inside a transaction. Functions that need one ask for it by type. */
export interface Transaction extends Queryable {
  readonly [transactional]: true
  /** The rows of a statement, `size` at a time, so that memory does not grow with the result. */
  stream<Row extends object>(statement: Sql, size: number): AsyncGenerator<Row[]>
}

export interface TransactionOptions {
  /** Longest that each statement may take at the server, in milliseconds. */
  statementTimeoutMs?: number
  /** `repeatable read` lets several statements see one state. */
  isolation?: 'read committed' | 'repeatable read'
}

export interface Database extends Queryable {
  /** Commits what the work did, or nothing of it when the work throws. */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Throws `database_unavailable` or `database_timeout` unless the database answers within two seconds. */
  ping(): Promise<void>
  /** Waits for running statements, then closes every connection. May be called twice. */
  close(): Promise<void>
}

export interface DatabaseHooks {
  /** An idle connection was lost; the pool opens another when it needs one. */
  onConnectionLost?: (error: Error) => void
}

/**
 * Opens a pool of connections; the first statement connects. Nothing here needs a session of its own (no session settings,
 * session locks, LISTEN or temporary tables), so a pooler in transaction mode may stand between.
 */
export function openDatabase(config: DatabaseConfig, hooks: DatabaseHooks = {}): Database {
  const pool = new pg.Pool({
    ...clientConfig(config),
    min: config.poolMin,
    max: config.poolMax,
    idleTimeoutMillis: config.connectionIdleMs,
    maxLifetimeSeconds: Math.ceil(config.connectionLifetimeMs / 1000),
  })
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => hooks.onConnectionLost?.(error))
  const named = config.preparedStatements ? statementNames() : () => undefined
  const run = (statement: Sql, options?: QueryOptions) =>
    borrow(pool, (client) => client.query(asQuery(statement, named, options)))
  let closing: Promise<void> | undefined
  return {
    query: async (statement, options) => (await run(statement, options)).rows,
    execute: async (statement, options) => (await run(statement, options)).rowCount ?? 0,
    transaction: (work, options) =>
      borrow(pool, (client) => inTransaction(client, named, work, options)),
    ping: () =>
      borrow(pool, async (client) => {
        await client.query({ text: 'select 1', query_timeout: 2000 } as pg.QueryConfig)
      }),
    close: () => {
      closing ??= pool.end()
      return closing
    },
  }
}

type Naming = (text: string) => string | undefined

/** A name for each statement text, so that each connection parses and plans it once. Texts are few; a bound guards against a leak. */
function statementNames(): Naming {
  const names = new Map<string, string>()
  return (text) => {
    const known = names.get(text)
    if (known !== undefined || names.size >= 500) return known
    const name = `s${names.size}`
    names.set(text, name)
    return name
  }
}

function asQuery(statement: Sql, named: Naming, options: QueryOptions = {}): pg.QueryConfig {
  const { text } = statement
  const name = named(text)
  return {
    text,
    values: statement.values,
    ...(name !== undefined && { name }),
    ...(options.timeoutMs !== undefined && { query_timeout: options.timeoutMs }),
  }
}

/** Lends a connection to the work. One whose state is unknown afterwards is closed, not reused. */
async function borrow<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  let client: pg.PoolClient
  try {
    client = await pool.connect()
  } catch (error) {
    throw translated(error)
  }
  // A connection may also break while it is lent and idle; the next statement then tells.
  const ignore = () => {}
  client.on('error', ignore)
  let broken = true
  try {
    const result = await work(client)
    broken = false
    return result
  } catch (error) {
    broken = !(leavesConnectionUsable(error) || error instanceof RolledBack)
    if (error instanceof RolledBack) throw error.cause // the work's own error, or a translated one of its statements
    throw translated(error)
  } finally {
    client.removeListener('error', ignore)
    client.release(broken)
  }
}

/** The work of a transaction threw, and its connection is as good as before. */
class RolledBack extends Error {}

async function inTransaction<T>(
  client: pg.PoolClient,
  named: Naming,
  work: (tx: Transaction) => Promise<T>,
  { statementTimeoutMs, isolation = 'read committed' }: TransactionOptions = {},
): Promise<T> {
  const limit = statementTimeoutMs === undefined ? '' : Math.ceil(statementTimeoutMs)
  await client.query(
    `begin isolation level ${isolation}${limit && `; set local statement_timeout = ${limit}`}`,
  )
  let result: T
  try {
    result = await work(transaction(client, named))
  } catch (cause) {
    // If even this fails the connection is in an unknown state, and the caller closes it.
    await client.query({ text: 'rollback', query_timeout: 5000 } as pg.QueryConfig)
    throw new RolledBack('the transaction was rolled back', { cause })
  }
  await client.query('commit')
  return result
}

function transaction(client: pg.PoolClient, named: Naming): Transaction {
  const run = async (statement: Sql, options?: QueryOptions) => {
    try {
      return await client.query(asQuery(statement, named, options))
    } catch (error) {
      throw translated(error)
    }
  }
  return {
    query: async (statement: Sql, options?: QueryOptions) => (await run(statement, options)).rows,
    execute: async (statement: Sql, options?: QueryOptions) =>
      (await run(statement, options)).rowCount ?? 0,
    stream: (statement: Sql, size: number) => stream(client, statement, size),
  } as Transaction
}

async function* stream<Row extends object>(
  client: pg.PoolClient,
  statement: Sql,
  size: number,
): AsyncGenerator<Row[]> {
  const cursor = client.query(new Cursor<Row>(statement.text, statement.values as unknown[]))
  try {
    for (;;) {
      const rows = await cursor.read(size)
      if (rows.length > 0) yield rows
      if (rows.length < size) return
    }
  } catch (error) {
    throw translated(error)
  } finally {
    await cursor.close()
  }
}
