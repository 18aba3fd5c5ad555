import { type Database, sql } from '@ens/database'

/** What PostgreSQL has counted of one statement. */
export interface StatementCost {
  query: string
  calls: number
  /** At the server, per call. */
  meanMs: number
  totalMs: number
  rows: number
}

export async function forgetStatements(server: Database): Promise<void> {
  await server.query(sql`select pg_stat_statements_reset()`)
}

/** The statements that came from outside to one database since the last `forgetStatements`, the costliest first. */
export function statementsOf(server: Database, database: string): Promise<StatementCost[]> {
  return server.query<StatementCost>(sql`
    select left(regexp_replace(query, '[[:space:]]+', ' ', 'g'), 300) as query, calls, rows,
      mean_exec_time as "meanMs", total_exec_time as "totalMs"
    from pg_stat_statements
    join pg_database on pg_database.oid = dbid
    where datname = ${database} and toplevel
    order by total_exec_time desc`)
}

/** What the sessions of a database wait for, looked at again and again while the work runs: how often each was seen. */
export async function waitsDuring<T>(
  server: Database,
  database: string,
  work: Promise<T>,
): Promise<{ result: T; waits: Record<string, number> }> {
  const waits: Record<string, number> = {}
  let isDone = false
  const finished = work.finally(() => {
    isDone = true
  })
  finished.catch(() => {})
  while (!isDone) {
    const seen = await server.query<{ wait: string; sessions: number }>(sql`
      select coalesce(wait_event_type || ':' || wait_event, 'running') as wait, count(*) as sessions
      from pg_stat_activity where datname = ${database} and state = 'active' group by 1`)
    for (const { wait, sessions } of seen) waits[wait] = (waits[wait] ?? 0) + sessions
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { result: await finished, waits }
}
