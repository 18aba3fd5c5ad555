import { isAppError } from '@ens/errors'
import pg from 'pg'
import { databaseConflict, databaseTimeout, databaseUnavailable } from './errors.ts'

/**
 * A statement that PostgreSQL refused. Carries the SQLSTATE and what it concerns, never the server's own words: they quote
 * values, and a value here may be an exposure key.
 */
export class DatabaseFault extends Error {
  override readonly name = 'DatabaseFault'
  readonly sqlState: string
  readonly constraint: string | undefined

  constructor(error: pg.DatabaseError) {
    const about = [error.table && `table ${error.table}`, error.constraint].filter(Boolean)
    super(
      `PostgreSQL error ${error.code ?? 'unknown'}${about.length ? ` (${about.join(', ')})` : ''}`,
    )
    this.sqlState = error.code ?? ''
    this.constraint = error.constraint
  }
}

/** Whether the error is a refusal with this SQLSTATE (and by this constraint). */
export function isFault(error: unknown, sqlState: string, constraint?: string): boolean {
  return (
    error instanceof DatabaseFault &&
    error.sqlState === sqlState &&
    (constraint === undefined || error.constraint === constraint)
  )
}

export const UNIQUE_VIOLATION = '23505'
export const FOREIGN_KEY_VIOLATION = '23503'
export const CHECK_VIOLATION = '23514'

const TIMED_OUT = new Set(['57014', '55P03'])
const CONFLICT = new Set(['40001', '40P01'])
// 08: connection, 53: no resources, 57P0x: shutting down or starting up, 25006: a standby that was promoted or demoted. A wrong
// password (28) or a missing database (3D) is the operator's to mend, and phones may come back.
const OUT_OF_REACH = /^(08|28|3D|53|57P0|25006)/

/** What callers should see of an error of the driver: retryable ones as such, refusals without the values they quote. */
export function translated(error: unknown): unknown {
  if (error instanceof pg.DatabaseError) return refused(error)
  if (!(error instanceof Error) || isAppError(error) || isMistake(error)) return error
  if (/query read timeout/i.test(error.message)) return databaseTimeout(undefined, { cause: error })
  // Whatever else the driver throws is about the connection: sockets, TLS, the pool.
  return outOfReach(error, 'code' in error ? String(error.code) : undefined)
}

function refused(error: pg.DatabaseError): Error {
  const fault = new DatabaseFault(error)
  if (TIMED_OUT.has(fault.sqlState)) return databaseTimeout(undefined, { cause: fault })
  if (CONFLICT.has(fault.sqlState)) return databaseConflict(undefined, { cause: fault })
  if (OUT_OF_REACH.test(fault.sqlState)) return outOfReach(fault, fault.sqlState)
  return fault
}

/** The code tells an operator what is wrong, and a client nothing. */
function outOfReach(cause: Error, code: string | undefined): Error {
  const reason = code === undefined ? '' : ` (${code})`
  return databaseUnavailable(`the database is out of reach${reason}`, { cause })
}

/** Whether the driver was called wrongly, or gave what does not fit. */
function isMistake(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
}

/** Whether a connection that ended in this error may serve on: only after a refusal of one statement. */
export function leavesConnectionUsable(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR'
}
