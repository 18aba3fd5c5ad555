import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, databaseUnavailable, sql, type Transaction } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import { type LogLine, recordingLogger } from '@ens/observability/testing'
import { openBlobstore, storageUnavailable } from '@ens/storage'
import { type MemoryBlobstore, memoryBlobstore } from '@ens/storage/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CleanupDeps, cleanUpExports } from './clean-up-exports.ts'
import { cleanupEvents } from './events.ts'
import { BUCKET, cleanUpBefore, type TestArchives, testArchives } from './testing/archives.ts'

const HOUR_MS = 3_600_000
const NOON = new Date('2020-06-15T12:00:00Z')
const CUTOFF = new Date('2020-06-01T12:00:00Z')
const before = (at: Date, hours: number) => new Date(at.getTime() - hours * HOUR_MS)

let db: TestDatabase
let blobstore: MemoryBlobstore
let archives: TestArchives
let deps: CleanupDeps
let lines: LogLine[]
let configId: number
/** Called before an object is deleted; throws, or never settles, to make that fail. */
let beforeDelete: (name: string) => Promise<void> | void

beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())
beforeEach(async () => {
  await db.execute(sql`truncate export_config, lock cascade`)
  beforeDelete = () => {}
  blobstore = memoryBlobstore({
    before: (operation, _, name) => (operation === 'delete' ? beforeDelete(name) : undefined),
  })
  archives = testArchives(db, blobstore)
  configId = await archives.addConfig()
  const recording = await recordingLogger()
  lines = recording.lines
  deps = {
    db,
    blobstore,
    settings: {
      ...{ ttlMs: 336 * HOUR_MS, timeoutMs: 60_000, allowsShortTtl: false, batchSize: 1000 },
      ...{ historyTtlMs: 720 * HOUR_MS, deletesAtOnce: 4 },
    },
    now: () => NOON,
    events: cleanupEvents(recording.logger),
    objectTimeoutMs: 50_000,
  }
})

const run = (changes: Partial<CleanupDeps> = {}, signal = new AbortController().signal) =>
  cleanUpExports({ ...deps, ...changes }, signal)

const settings = (changes: Partial<CleanupDeps['settings']>) => ({
  settings: { ...deps.settings, ...changes },
})

/** A window of four hours that ended so many hours before the cutoff. */
const windowEnded = (hours: number) => ({
  ...{ configId, start: before(CUTOFF, hours + 4), end: before(CUTOFF, hours) },
})

const NOTHING = { marked: 0, archives: 0, batches: 0, history: 0, locks: 0 }

const statuses = async (): Promise<Record<string, string>> => {
  const rows = await db.query<{ filename: string; status: string }>(
    sql`select filename, status from export_file order by filename`,
  )
  return Object.fromEntries(rows.map(({ filename, status }) => [filename, status]))
}

const batchStatuses = async () => {
  const rows = await db.query<{ status: string }>(
    sql`select status from export_batch order by end_timestamp, id`,
  )
  return rows.map(({ status }) => status)
}

interface Lifecycle {
  rows: {
    name: string
    batch: { start_timestamp: string; end_timestamp: string; status: string }
    file_status: string
    want: { deleted_by_cleanup_export: boolean; file_status_after_cleanup: string }
  }[]
}

const lifecycle: Lifecycle = JSON.parse(
  readFileSync(new URL('../testdata/export-lifecycle.json', import.meta.url), 'utf8'),
)

test.each(lifecycle.rows)('the life of a file: $name', async ({ batch, file_status, want }) => {
  const [start, end] = [new Date(batch.start_timestamp), new Date(batch.end_timestamp)]
  const [name = ''] = await archives.addBatch({ configId, start, end, published: 1 })
  await db.execute(sql`update export_file set status = ${file_status}::export_file_status`)
  if (file_status === 'DELETED') await remove(name)
  if (batch.status !== 'COMPLETE') await reopen(batch.status)
  await archives.writeIndex(configId, CUTOFF)
  const wasThere = isThere(name)
  const counts = await run()
  expect(counts.archives).toBe(want.deleted_by_cleanup_export ? 1 : 0)
  expect(await statuses()).toEqual({ [name]: want.file_status_after_cleanup })
  expect(isThere(name)).toBe(wasThere && !want.deleted_by_cleanup_export)
})

const isThere = (name: string) => blobstore.find(BUCKET, name) !== undefined

const remove = (name: string) =>
  blobstore.delete(BUCKET, name, { signal: new AbortController().signal })

async function reopen(status: string): Promise<void> {
  const isPending = status === 'PENDING'
  await db.execute(sql`
    update export_batch
    set status = ${status}::export_batch_status,
      lease_token = ${isPending ? crypto.randomUUID() : null},
      lease_expires = ${isPending ? NOON : null}`)
}

describe('archives', () => {
  test('of a config that has ended are marked, deleted and ended in one run', async () => {
    await db.execute(sql`update export_config set thru_timestamp = ${before(CUTOFF, 1)}`)
    await archives.addBatch({ ...windowEnded(1), published: 2 })
    await archives.writeIndex(configId, CUTOFF)
    expect(await run()).toEqual({ ...NOTHING, marked: 2, archives: 2, batches: 1 })
    expect(blobstore.names(BUCKET)).toEqual([])
    expect(await batchStatuses()).toEqual(['DELETED'])
    expect(await run()).toEqual(NOTHING)
  })

  test('that an index may list yet are left alone, and told of a day later', async () => {
    await archives.addBatch({ ...windowEnded(25), published: 1 })
    await archives.writeIndex(configId, before(CUTOFF, 40))
    expect(await run()).toEqual(NOTHING)
    expect(blobstore.names(BUCKET)).toHaveLength(1)
    expect(lines).toContainEqual(expect.objectContaining({ severity: 'WARNING', archives: 1 }))
  })

  test('whose objects are gone count as deleted', async () => {
    const [name = ''] = await archives.addBatch({ ...windowEnded(1), doomed: 1 })
    await remove(name)
    expect(await run()).toMatchObject({ archives: 1, batches: 1 })
  })

  test('are deleted from folders too', async () => {
    const root = await mkdtemp(join(tmpdir(), 'clean up '))
    await mkdir(join(root, BUCKET))
    const folders = await openBlobstore({ blobstore: 'FILESYSTEM', filesystemRoot: root })
    const inFolders = testArchives(db, folders)
    const [gone = ''] = await inFolders.addBatch({ ...windowEnded(1), doomed: 1 })
    const [stays = ''] = await inFolders.addBatch({ ...windowEnded(-1), published: 1 })
    expect(await run({ blobstore: folders })).toMatchObject({ archives: 1 })
    const { signal } = new AbortController()
    await expect(folders.get(BUCKET, gone, { signal })).rejects.toThrow('no object')
    expect((await folders.get(BUCKET, stays, { signal })).contents).toEqual(Buffer.from(stays))
    await rm(root, { recursive: true })
  })

  test('are deleted page by page, so many at a time', async () => {
    for (const hours of [1, 5, 9]) await archives.addBatch({ ...windowEnded(hours), doomed: 2 })
    let busy = 0
    let mostBusy = 0
    beforeDelete = async () => {
      mostBusy = Math.max(mostBusy, ++busy)
      await db.ping()
      busy--
    }
    expect(await run(settings({ batchSize: 4, deletesAtOnce: 3 }))).toMatchObject({ archives: 6 })
    expect(mostBusy).toBe(3)
  })
})

describe('a failing object', () => {
  test.each([0, 1, 2, 3, 4])('(number %i) does not hold up the others', async (failing) => {
    const names: string[] = []
    for (const hours of [20, 16, 12, 8, 4])
      names.push(...(await archives.addBatch({ ...windowEnded(hours), doomed: 1 })))
    beforeDelete = (name) => {
      if (name === names[failing]) throw storageUnavailable('the store is down')
    }
    const failed = await run(settings({ batchSize: 2 })).catch((error: unknown) => error)
    expect(failed).toMatchObject({
      errors: [
        {
          code: 'cleanup_archives_not_deleted',
          message: '1 archives could not be deleted, 4 were; the first: the store is down',
          cause: { errors: [{ code: 'storage_unavailable' }] },
        },
      ],
    })
    expect(blobstore.names(BUCKET)).toEqual([names[failing]])
    expect(lines).toContainEqual(
      expect.objectContaining({ severity: 'ERROR', filename: names[failing] }),
    )
    expect((await batchStatuses()).filter((one) => one === 'COMPLETE')).toHaveLength(1)

    beforeDelete = () => {}
    expect(await run()).toMatchObject({ archives: 1, batches: 1 })
  })

  test('that hangs is given up', async () => {
    const [, slow] = await archives.addBatch({
      ...windowEnded(1),
      doomed: 3,
    })
    beforeDelete = (name) => (name === slow ? new Promise(() => {}) : undefined)
    const failed = run({ ...settings({ deletesAtOnce: 1 }), objectTimeoutMs: 20 })
    await expect(failed).rejects.toThrow(AggregateError)
    expect(blobstore.names(BUCKET)).toEqual([slow])
  })

  test('of a row that nobody should have written costs itself only', async () => {
    await archives.addBatch({ ...windowEnded(1), doomed: 2 })
    await db.execute(sql`update export_file set filename = '../outside.zip' where batch_num = 1`)
    await expect(run()).rejects.toThrow(AggregateError)
    expect(Object.values(await statuses()).sort()).toEqual(['DELETED', 'DEL_PEND'])
  })
})

describe('a run that is ended', () => {
  test('keeps what it has done, and the next one goes on', async () => {
    for (const hours of [12, 8, 4]) await archives.addBatch({ ...windowEnded(hours), doomed: 1 })
    const ending = new AbortController()
    let deletes = 0
    beforeDelete = () => {
      if (++deletes === 3) ending.abort(new Error('the caller hung up'))
    }
    const ended = run(settings({ deletesAtOnce: 1 }), ending.signal)
    await expect(ended).rejects.toMatchObject({ errors: [{ code: 'cleanup_exports_left' }] })
    expect(Object.values(await statuses())).toEqual(['DELETED', 'DELETED', 'DEL_PEND'])
    expect(await run()).toEqual({ ...NOTHING, archives: 1, batches: 3 })
  })

  test('before it began does nothing', async () => {
    await archives.addBatch({ ...windowEnded(1), doomed: 1 })
    await expect(run({}, AbortSignal.abort())).rejects.toThrow(AggregateError)
    expect(blobstore.names(BUCKET)).toHaveLength(1)
  })
})

describe('history', () => {
  test('goes when its time is over, but for the last window of each config', async () => {
    const old = 720 - 336 // hours from the cutoff to the end of the history
    for (const hours of [old + 8, old + 4, old])
      await archives.addBatch({ ...windowEnded(hours), doomed: 1 })
    await cleanUpBefore(db, blobstore, CUTOFF)
    const other = await archives.addConfig('other')
    await archives.addBatch({ ...windowEnded(old + 4), configId: other, doomed: 1 })
    expect(await run(settings({ batchSize: 1 }))).toEqual({
      ...{ ...NOTHING, archives: 1, batches: 1, history: 5 },
    })
    expect(await batchStatuses()).toEqual(['DELETED', 'DELETED'])
    expect(Object.keys(await statuses())).toHaveLength(1)
  })

  test('of empty windows goes too', async () => {
    for (const hours of [500, 496]) await archives.addBatch({ ...windowEnded(hours) })
    expect(await run()).toEqual({ ...NOTHING, batches: 2, history: 1 })
  })

  test('of locks goes a day after they expired', async () => {
    const token = crypto.randomUUID()
    for (const [name, hours] of [
      ['old', 25],
      ['recent', 23],
    ] as const)
      await db.execute(sql`
        insert into lock (name, token, expires_at) values (${name}, ${token}, ${before(NOON, hours)})`)
    expect(await run()).toEqual({ ...NOTHING, locks: 1 })
    expect(await db.query(sql`select name from lock`)).toEqual([{ name: 'recent' }])
  })
})

test('a fault at any step harms nothing, and the next run ends as if it had not been', async () => {
  const old = 720 - 336
  let step = 0
  for (let wasHit = true; wasHit; ) {
    step++
    await db.execute(sql`truncate export_config, lock cascade`)
    configId = await archives.addConfig()
    await archives.addBatch({ ...windowEnded(old + 4), doomed: 1 })
    await archives.addBatch({ ...windowEnded(1), published: 2 })
    const [stays = ''] = await archives.addBatch({ ...windowEnded(-8), published: 1 })
    await archives.writeIndex(configId, CUTOFF)
    const faults = faultAt(step)
    beforeDelete = () => faults.fault()
    await run({ ...settings({ batchSize: 2 }), db: faulty(db, faults.fault) }).catch(() => {})
    expect(blobstore.names(BUCKET)).toContain(stays)
    beforeDelete = () => {}
    await run()
    expect(blobstore.names(BUCKET)).toEqual([stays])
    expect(await batchStatuses()).toEqual(['DELETED', 'COMPLETE'])
    await remove(stays)
    wasHit = faults.wasHit()
  }
  expect(step).toBeGreaterThan(20)
})

function faultAt(n: number): { fault: () => void; wasHit: () => boolean } {
  let steps = 0
  return {
    fault() {
      if (++steps === n) throw databaseUnavailable(`a fault at step ${n}`)
    },
    wasHit: () => steps >= n,
  }
}

/** The same database, which may fail before every step, or lose the answer after it. */
function faulty(db: Database, fault: () => void): Database {
  const around = async <T>(work: () => Promise<T>): Promise<T> => {
    fault()
    const result = await work()
    fault()
    return result
  }
  const queries = <Q extends Pick<Database, 'query' | 'execute'>>(of: Q): Q => ({
    ...of,
    query: (...args) => around(() => of.query(...args)),
    execute: (...args) => around(() => of.execute(...args)),
  })
  return {
    ...queries(db),
    transaction: (work, options) =>
      around(() => db.transaction((tx: Transaction) => work(queries(tx)), options)),
  }
}

test.each([
  [{ ttlMs: 239 * HOUR_MS }, 'less than configured minimum ttl of 240h0m0s'],
  [{ ttlMs: -1, allowsShortTtl: true }, 'less than configured minimum ttl of 0s'],
])('a time to live of %o is refused before anything is deleted', async (changes, problem) => {
  await archives.addBatch({ ...windowEnded(1000), doomed: 1 })
  await expect(run(settings(changes))).rejects.toThrow(problem)
  expect(blobstore.names(BUCKET)).toHaveLength(1)
})
