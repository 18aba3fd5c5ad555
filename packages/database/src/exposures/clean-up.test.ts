import { aKey, anExportConfig, anExposure } from '@ens/domain/testing'
import sql, { type Sql } from 'sql-template-tag'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exportConfigs, exposures } from '../index.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())
beforeEach(() => db.execute(sql`truncate exposure, export_config cascade`))

const june = (day: number, time = '12:00:00') =>
  new Date(`2020-06-${String(day).padStart(2, '0')}T${time}Z`)
const CUTOFF = june(10)

let revisions = 0
async function store(number: number, createdAt: Date, revisedAt?: Date): Promise<void> {
  const inserts = [anExposure({ key: aKey(number), createdAt })]
  await write({ inserts, revisions: [] })
  if (revisedAt) await revise(number, revisedAt)
}

function revise(number: number, revisedAt: Date) {
  const revision = {
    key: aKey(number),
    reportType: 'confirmed' as const,
    revisedAt,
    daysSinceSymptomOnset: revisions++,
    transmissionRisk: 2,
    healthAuthorityId: undefined,
  }
  return write({ inserts: [], revisions: [revision] })
}

const write = (changes: Omit<exposures.Changes, 'statistics'>) =>
  db.transaction((tx) => exposures.write(tx, { ...changes, statistics: undefined }))

const expired = (overrides: Partial<exposures.Expired> = {}): exposures.Expired => ({
  ...{ cutoff: CUTOFF, revisionsDueSince: undefined, limit: 100 },
  ...overrides,
})

const remove = (expired: exposures.Expired) =>
  db.transaction((tx) => exposures.deleteExpired(tx, expired))

async function left(): Promise<number[]> {
  const rows = await db.query<{ exposure_key: Buffer }>(
    sql`select exposure_key from exposure order by exposure_key`,
  )
  return rows.map(({ exposure_key }) => exposure_key.readUInt32BE())
}

describe('deleting keys', () => {
  test('what arrived before the cutoff goes, and nothing that arrived at it or later', async () => {
    await store(1, june(1))
    await store(2, june(10, '11:59:59'))
    await store(3, CUTOFF)
    await store(4, june(30))
    expect(await remove(expired())).toEqual({
      ...{ deleted: 2, last: june(10, '11:59:59') },
    })
    expect(await left()).toEqual([3, 4])
  })

  test('generated, federated and embargoed keys are treated alike', async () => {
    for (const [number, createdAt] of [CUTOFF, june(9)].entries()) {
      const exposure = anExposure({ key: aKey(number), createdAt })
      const model = aKey(number + 10)
      await write({ inserts: [{ ...exposure, key: model }], revisions: [] })
      await db.transaction((tx) =>
        exposures.insertGenerated(tx, { end: CUTOFF }, [{ key: aKey(number), model, createdAt }]),
      )
      const federated = { ...exposure, key: aKey(number + 20), localProvenance: false }
      await write({ inserts: [federated], revisions: [] })
    }
    expect((await remove(expired())).deleted).toBe(3)
    expect(await left()).toEqual([0, 10, 20])
  })

  test('the oldest go first, a batch at a time', async () => {
    for (const number of [1, 2, 3, 4, 5]) await store(number, june(9 - number))
    const first = await remove(expired({ limit: 2 }))
    expect(first).toEqual({ deleted: 2, last: june(5) })
    expect(await left()).toEqual([1, 2, 3])
    const second = await remove(expired({ limit: 4, after: first.last }))
    expect(second).toEqual({ deleted: 3, last: june(8) })
    expect(await remove(expired({ after: second.last }))).toEqual({
      ...{ deleted: 0, last: undefined },
    })
  })

  test.each([
    ['is not out yet', { createdAt: june(9), revisedAt: june(20), since: june(20) }, true],
    ['is in an archive', { createdAt: june(9), revisedAt: june(20), since: june(21) }, false],
    ['is nobody’s to export', { createdAt: june(9), revisedAt: june(20) }, false],
    ['was due for 48 h', { createdAt: june(8), revisedAt: june(20), since: june(20) }, true],
    ['is due for longer', { createdAt: june(8, '11:59:59'), revisedAt: june(20) }, false],
    ['never was', { createdAt: june(9), since: june(1) }, false],
  ] as const)('of a key whose revision %s', async (_, given, stays) => {
    const { createdAt, revisedAt, since } = { revisedAt: undefined, since: undefined, ...given }
    await store(1, createdAt, revisedAt)
    await remove(expired({ revisionsDueSince: since }))
    expect(await left()).toEqual(stays ? [1] : [])
  })

  test('a key in the hands of a publish is passed over, and others do not wait for it', async () => {
    await store(1, june(8))
    await store(2, june(9))
    await db.transaction(async (tx) => {
      await exposures.lockStored(tx, [aKey(1)])
      expect((await remove(expired())).deleted).toBe(1)
    })
    expect(await left()).toEqual([1])
  })

  test('two that delete at once share the work', async () => {
    for (let number = 0; number < 200; number++) await store(number, june(9))
    const run = () => remove(expired({ limit: 60 }))
    const counts = await Promise.all([run(), run(), run()])
    expect(counts.reduce((sum, { deleted }) => sum + deleted, 0)).toBe(180)
    expect(await left()).toHaveLength(20)
  })

  test.each([undefined, june(1)])('a table without statistics is not read whole', async (after) => {
    await db.execute(sql`alter table exposure set (autovacuum_enabled = false)`)
    await db.execute(sql`
      insert into exposure (exposure_key, transmission_risk, interval_number, interval_count,
        created_at, app_package_name, regions, traveler, local_provenance)
      select decode(md5(n::text), 'hex'), 1, 1, 1, ${june(9)}, '', '{US}', false, true
      from generate_series(1, 20000) n`)
    const explained: string[] = []
    await db.transaction((tx) => {
      const explaining = {
        ...tx,
        async query(statement: Sql) {
          const plan = await tx.query<{ 'QUERY PLAN': string }>(sql`explain ${statement}`)
          explained.push(...plan.map((row) => row['QUERY PLAN']))
          return tx.query(statement)
        },
      }
      return exposures.deleteExpired(explaining as typeof tx, expired({ after }))
    })
    const plan = explained.join('\n')
    expect(plan).toMatch(/Index Scan using exposure_created_at/)
    expect(plan).toMatch(/Index Scan using exposure_pkey/)
    expect(plan).not.toMatch(/Seq Scan on exposure|Sort/)
  })
})

describe('since when revisions are due', () => {
  const NOW = june(20)
  const since = () => exposures.revisionsDueSince(db, NOW)

  let configs = 0
  async function addConfig(from: Date, thru?: Date): Promise<number> {
    const config = anExportConfig({ from, filenameRoot: `config-${configs++}` })
    return exportConfigs.insert(db, { ...config, ...(thru && { thru }) })
  }

  async function addBatch(configId: number, end: Date, isDone = true): Promise<void> {
    await db.execute(sql`
      insert into export_batch (config_id, start_timestamp, end_timestamp, keys_from, status,
        settled_at, bucket_name, filename_root, output_region, input_regions, exclude_regions,
        include_travelers, only_non_travelers, signature_info_ids)
      select ${configId}, end_timestamp - interval '1 day', end_timestamp,
        end_timestamp - interval '12 hours', ${isDone ? 'COMPLETE' : 'OPEN'}::export_batch_status,
        end_timestamp, 'exports', 'us', 'US', '{US}', '{}', false, false, '{}'
      from (values (${end}::timestamptz)) as given (end_timestamp)`)
  }

  test('without an export config none is', async () => {
    expect(await since()).toBeUndefined()
  })

  test('those after the last window of the config that is furthest behind', async () => {
    const [one, other] = [await addConfig(june(1)), await addConfig(june(1))]
    for (const day of [17, 18]) await addBatch(one, june(day))
    await addBatch(other, june(19))
    expect(await since()).toEqual(june(18))
  })

  test('and those in a window that is not done, even of a config that has ended', async () => {
    const config = await addConfig(june(1), june(15))
    await addBatch(config, june(14), false)
    await addBatch(config, june(15))
    expect(await since()).toEqual(june(14, '00:00:00'))
  })

  test('a config that has ended and exported all it has to holds nothing back', async () => {
    await addBatch(await addConfig(june(1), june(15)), june(15))
    await addConfig(june(1), june(15))
    expect(await since()).toBeUndefined()
  })

  test('a config that has ended still exports the window in which it did', async () => {
    await addBatch(await addConfig(june(1), june(15, '18:00:00')), june(15))
    expect(await since()).toEqual(june(15))
  })

  test('a config without windows may begin a little before itself', async () => {
    await addConfig(june(20), june(25))
    expect(await since()).toEqual(june(17))
  })
})
