import pg from 'pg'
import type { Sql } from 'sql-template-tag'
import type { DatabaseConfig } from './config.ts'
import { clientConfig, PoolClient, passwordOf } from './connection.ts'
import { copyOut } from './copy-out.ts'
import { transactionRolledBack } from './errors.ts'
import { leavesConnectionUsable, translated } from './fault.ts'
import { withinTime } from './within-time.ts'

export interface QueryOptions {
  /** Longest to wait for the answer, a minute unless said; then the connection is dropped and `database_timeout` thrown. */
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
  /**
   * What a query without parameters gives, in PostgreSQL's binary copy format, piece by piece, so that memory does not grow with
   * it. It has to be read to its end: who leaves earlier can only end the transaction.
   */
  copyOut(query: Sql, signal?: AbortSignal): AsyncGenerator<Buffer>
}

export interface TransactionOptions {
  /** Longest that each statement may take at the server, a minute unless said. A copy counts as one statement. */
  statementTimeoutMs?: number
  /**
   * Longest that the server waits for the next statement, 15 s unless said. Whoever vanishes or freezes in mid-transaction
   * would else keep its locks, and hold up every export, until TCP gives up.
   */
  idleTimeoutMs?: number
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

/** Longest that a statement may take unless it says otherwise. */
const STATEMENT_MS = 60_000
/** How much longer than the server's own limit we wait for its word of it. */
const ANSWER_GRACE_MS = 2000
/** Longest that `begin` and `rollback` may take. */
const CONTROL_MS = 5000
const IDLE_MS = 15_000
const PING_MS = 2000
/** Timers hold 31 bits of milliseconds; longer is for ever. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export interface DatabaseHooks {
  /** An idle connection was lost; the pool opens another when it needs one. */
  onConnectionLost?: (error: Error) => void
}

/**
 * Opens a pool of connections; the first statement connects. Nothing here needs a session of its own (no session settings,
 * session locks, LISTEN or temporary tables), so a pooler in transaction mode may stand between.
 */
export function openDatabase(config: DatabaseConfig, hooks: DatabaseHooks = {}): Database {
  const password = passwordOf(config)
  const pool = new pg.Pool({
    ...clientConfig(config),
    Client: PoolClient,
    password: password.value,
    min: config.poolMin,
    max: config.poolMax,
    idleTimeoutMillis: Math.min(config.connectionIdleMs, LONGEST_TIMER_MS),
    maxLifetimeSeconds: Math.ceil(
      Math.min(config.connectionLifetimeMs, LONGEST_TIMER_MS - 1000) / 1000,
    ),
  })
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => hooks.onConnectionLost?.(error))
  const connect = async () => {
    try {
      return await pool.connect()
    } catch (error) {
      password.noteFailure(error)
      throw translated(error)
    }
  }
  const named = config.preparedStatements ? statementNames() : () => undefined
  const run = (statement: Sql, options?: QueryOptions) =>
    borrow(connect, (client) => client.query(asQuery(statement, named, options)))
  let closing: Promise<void> | undefined
  return {
    query: async (statement, options) => (await run(statement, options)).rows,
    execute: async (statement, options) => (await run(statement, options)).rowCount ?? 0,
    transaction: (work, options) =>
      borrow(connect, (client) => inTransaction(client, named, work, options)),
    async ping() {
      await withinTime(
        PING_MS,
        borrow(connect, (client) => simple(client, 'select 1', PING_MS)),
      )
    },
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
    query_timeout: options.timeoutMs ?? STATEMENT_MS,
  } as pg.QueryConfig
}

/** A statement without parameters, which may be several. */
async function simple(client: pg.PoolClient, text: string, timeoutMs: number): Promise<string> {
  const result = await client.query({ text, query_timeout: timeoutMs } as pg.QueryConfig)
  return result.command
}

/** Lends a connection to the work. One whose state is unknown afterwards is closed, not reused. */
async function borrow<T>(
  connect: () => Promise<pg.PoolClient>,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await connect()
  let broken = true
  try {
    const result = await work(client)
    broken = false
    return result
  } catch (error) {
    broken = !(error instanceof WorkFailed ? error.isRolledBack : leavesConnectionUsable(error))
    if (error instanceof WorkFailed) throw error.cause // the work's own error, or a translated one of its statements
    throw translated(error)
  } finally {
    client.release(broken)
  }
}

/** The work of a transaction threw. Unless it was rolled back, its connection is in an unknown state. */
class WorkFailed extends Error {
  readonly isRolledBack: boolean

  constructor(cause: unknown, isRolledBack: boolean) {
    super('the work of a transaction failed', { cause })
    this.isRolledBack = isRolledBack
  }
}

async function inTransaction<T>(
  client: pg.PoolClient,
  named: Naming,
  work: (tx: Transaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const { statementTimeoutMs = STATEMENT_MS } = options
  await simple(client, beginning(options, statementTimeoutMs), CONTROL_MS)
  let result: T
  try {
    result = await work(transaction(client, named, statementTimeoutMs + ANSWER_GRACE_MS))
  } catch (cause) {
    const isRolledBack = await simple(client, 'rollback', CONTROL_MS).then(
      () => true,
      () => false,
    )
    throw new WorkFailed(cause, isRolledBack)
  }
  const outcome = await simple(client, 'commit', STATEMENT_MS)
  if (outcome !== 'COMMIT') throw transactionRolledBack()
  return result
}

function beginning(
  { isolation, idleTimeoutMs = IDLE_MS }: TransactionOptions,
  statementMs: number,
) {
  return `begin isolation level ${isolation ?? 'read committed'};
    set local statement_timeout = ${Math.ceil(statementMs)};
    set local idle_in_transaction_session_timeout = ${Math.ceil(idleTimeoutMs)}`
}

function transaction(client: pg.PoolClient, named: Naming, timeoutMs: number): Transaction {
  const run = async (statement: Sql, options?: QueryOptions) => {
    try {
      return await client.query(asQuery(statement, named, { timeoutMs, ...options }))
    } catch (error) {
      throw translated(error)
    }
  }
  return {
    query: async (statement: Sql, options?: QueryOptions) => (await run(statement, options)).rows,
    execute: async (statement: Sql, options?: QueryOptions) =>
      (await run(statement, options)).rowCount ?? 0,
    copyOut: (query: Sql, signal?: AbortSignal) => copyOut(client, query, signal),
  } as Transaction
}
