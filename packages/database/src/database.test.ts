import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copiedRows } from './copied-rows.ts'
import { type Database, isFault, openDatabase, type Sql, sql, UNIQUE_VIOLATION } from './index.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
  await db.execute(sql`create table note (id integer primary key, secret text)`)
})
afterAll(() => db.close())

const count = async (from: Database = db) =>
  (await from.query<{ n: number }>(sql`select count(*) as n from note`))[0]?.n

test('a transaction that throws leaves nothing behind, and its connection serves on', async () => {
  const before = await count()
  await expect(
    db.transaction(async (tx) => {
      await tx.execute(sql`insert into note values (1, 'half')`)
      throw new Error('changed my mind')
    }),
  ).rejects.toThrow('changed my mind')
  expect(await count()).toBe(before)
})

test('bigints arrive as numbers, bytes as buffers, instants as dates', async () => {
  const [row] = await db.query(sql`
    select ${7}::bigint as id, ${Buffer.from([1, 255])}::bytea as bytes,
      ${new Date('2020-10-05T12:00:00Z')}::timestamptz as at`)
  expect(row).toEqual({
    id: 7,
    bytes: Buffer.from([1, 255]),
    at: new Date('2020-10-05T12:00:00Z'),
  })
})

test('a refusal names the constraint and never the value', async () => {
  await db.execute(sql`insert into note values (2, 'x')`)
  const refusal = await db
    .execute(sql`insert into note values (2, 'sesame')`)
    .catch((error: unknown) => error)
  expect(isFault(refusal, UNIQUE_VIOLATION, 'note_pkey')).toBe(true)
  expect(JSON.stringify([refusal, String(refusal), Object.entries(refusal as object)])).not.toMatch(
    /sesame|\(2\)/,
  )
})

test('a statement that takes too long at the server is a time-out', async () => {
  const slow = db.transaction((tx) => tx.query(sql`select pg_sleep(10)`), {
    statementTimeoutMs: 20,
  })
  await expect(slow).rejects.toMatchObject({ kind: 'unavailable', code: 'database_timeout' })
})

const SERIES = sql`select generate_series(1, 300000)`

test('a result can be copied piece by piece, however large, and the transaction goes on', async () => {
  const eachRow = copiedRows(1)
  const { rows, pieces, next } = await db.transaction(async (tx) => {
    const seen: number[] = []
    let count = 0
    for await (const piece of tx.copyOut(SERIES)) {
      count++
      eachRow(piece, ({ bytes, starts }) => seen.push(bytes.readInt32BE(starts[0] ?? 0)))
    }
    return { rows: seen, pieces: count, next: await tx.query(sql`select 1 as one`) }
  })
  expect(rows).toEqual(Array.from({ length: 300_000 }, (_, i) => i + 1))
  expect(pieces).toBeGreaterThan(10)
  expect(next).toEqual([{ one: 1 }])
})

test('work that leaves a copy early fails with its own error, and costs only its connection', async () => {
  const single = openDatabase({ ...db.config, poolMax: 1 })
  const leaving = single.transaction(async (tx) => {
    for await (const _ of tx.copyOut(SERIES)) throw new Error('enough')
  })
  await expect(leaving).rejects.toThrow('enough')
  expect(await single.query(sql`select 1 as one`)).toEqual([{ one: 1 }])
  await single.close()
})

test('a copy is never committed by whoever left it early', async () => {
  const leaving = db.transaction(async (tx) => {
    await tx.execute(sql`insert into note values (7, 'x')`)
    for await (const _ of tx.copyOut(SERIES)) break
  })
  await expect(leaving).rejects.toMatchObject({ code: 'database_unavailable' })
  expect(await db.query(sql`select id from note where id = 7`)).toEqual([])
})

test('a copy takes no parameters', async () => {
  const copying = db.transaction(async (tx) => {
    for await (const _ of tx.copyOut(sql`select ${1}`)) break
  })
  await expect(copying).rejects.toThrow('COPY takes no parameters')
})

test('a copy that the server refuses, or that takes it too long, fails as any statement', async () => {
  const copy = (query: Sql) =>
    db.transaction(
      async (tx) => {
        for await (const _ of tx.copyOut(query));
      },
      { statementTimeoutMs: 50 },
    )
  await expect(copy(sql`select 1 / (i - 1) from generate_series(1, 3) as i`)).rejects.toMatchObject(
    {
      sqlState: '22012',
    },
  )
  await expect(copy(sql`select pg_sleep(10)::text`)).rejects.toMatchObject({
    code: 'database_timeout',
  })
})

test('a copy that is waited for no longer ends with the reason, and the connection with it', async () => {
  const reason = new Error('the deadline has passed')
  const deadline = new AbortController()
  const single = openDatabase({ ...db.config, poolMax: 1 })
  const copying = single.transaction(async (tx) => {
    for await (const _ of tx.copyOut(sql`select pg_sleep(30)::text`, deadline.signal));
  })
  deadline.abort(reason)
  await expect(copying).rejects.toBe(reason)
  expect(await single.query(sql`select 1 as one`)).toEqual([{ one: 1 }])
  await single.close()
})

test('a copy whose connection is lost fails, and lets go', async () => {
  const reading = db.transaction(async (tx) => {
    const [{ pid = 0 } = {}] = await tx.query<{ pid: number }>(sql`select pg_backend_pid() as pid`)
    for await (const _ of tx.copyOut(sql`select generate_series(1, 3000000)`))
      await db.query(sql`select pg_terminate_backend(${pid})`)
  })
  await expect(reading).rejects.toMatchObject({ code: 'database_unavailable' })
})

test('with prepared statements switched off, no statement is named', async () => {
  const unprepared = openDatabase({ ...db.config, preparedStatements: false, poolMax: 1 })
  await unprepared.query(sql`select ${1}::int`)
  const names = await unprepared.query(sql`select name from pg_prepared_statements`)
  await unprepared.close()
  expect(names).toEqual([])
})

test('work that hides the failure of a statement is told that nothing was stored', async () => {
  const before = await count()
  await expect(
    db.transaction(async (tx) => {
      await tx.execute(sql`insert into note values (3, 'x')`)
      await tx.query(sql`select 1 / 0`).catch(() => {})
    }),
  ).rejects.toMatchObject({ code: 'transaction_rolled_back' })
  expect(await count()).toBe(before)
})

test('whoever falls silent in mid-transaction loses its locks', async () => {
  await db.execute(sql`insert into note values (4, 'x')`)
  const frozen = db.transaction(
    async (tx) => {
      await tx.query(sql`select from note where id = 4 for update`)
      // The server, not we, ends this: a process that is frozen does nothing more.
      await expect.poll(() => db.execute(sql`update note set secret = 'y' where id = 4`)).toBe(1)
      await tx.query(sql`select 1`)
    },
    { idleTimeoutMs: 50 },
  )
  await expect(frozen).rejects.toMatchObject({ code: 'database_unavailable' })
})

describe('a database that is out of reach', () => {
  test('is unavailable, whoever asks', async () => {
    const nowhere = openDatabase({ ...db.config, port: 1, connectTimeoutSeconds: 1 })
    const trouble = { kind: 'unavailable', code: 'database_unavailable' }
    await expect(nowhere.query(sql`select 1`)).rejects.toMatchObject(trouble)
    await expect(nowhere.ping()).rejects.toMatchObject(trouble)
    await expect(nowhere.transaction(async () => 1)).rejects.toMatchObject(trouble)
    await nowhere.close()
  })

  test('is unavailable while its connections are cut, and serves again after', async () => {
    const proxy = await openProxy(db.config.port)
    const through = openDatabase({ ...db.config, host: '127.0.0.1', port: proxy.port })
    expect(await count(through)).toBe(await count())

    proxy.cut()
    await expect(
      through.transaction(async (tx) => {
        proxy.cut()
        return tx.query(sql`select 1`)
      }),
    ).rejects.toMatchObject({ code: 'database_unavailable' })
    expect(await count(through)).toBe(await count())

    await through.close()
    await proxy.close()
  })

  test('answers in time or not at all: a silent server is a time-out, and its connection is not reused', async () => {
    const proxy = await openProxy(db.config.port)
    const through = openDatabase({ ...db.config, host: '127.0.0.1', port: proxy.port, poolMax: 1 })
    await through.ping()
    proxy.hush()
    await expect(through.query(sql`select 1`, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'database_timeout',
    })
    proxy.speak()
    expect(await through.query(sql`select 1 as one`)).toEqual([{ one: 1 }])
    await through.close()
    await proxy.close()
  })
})

/** A TCP relay in front of the database that can cut or silence its connections. */
async function openProxy(target: number) {
  const sockets = new Set<Socket>()
  let silent = false
  const server: Server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    const quiet = silent
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (data) => (silent && !quiet ? undefined : to.write(data)))
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
    hush: () => {
      silent = true
    },
    speak: () => {
      silent = false
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}
