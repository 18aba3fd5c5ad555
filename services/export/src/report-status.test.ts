import { exposures, sql } from '@ens/database'
import { aKey } from '@ens/domain/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { planWork } from './plan-work.ts'
import { nextDue, reportStatus } from './report-status.ts'
import { type TestExporter, testExporter, testSettings } from './testing/exporter.ts'

let exporter: TestExporter
let configId: number
beforeEach(async () => {
  exporter = await testExporter({ minRecords: 5, paddingRange: 2 })
  configId = await exporter.addConfig({
    ...{ signatureInfoIds: [await exporter.addSigner()], maxRecordsOverride: 3 },
  })
})
afterEach(() => exporter.close())

const day5 = (time: string) => new Date(`2020-10-05T${time}:00Z`)
const run = async () => {
  await exporter.createBatches()
  return exporter.doWork()
}
const failNext = async () => {
  await exporter.db.execute(sql`update signature_info set thru_timestamp = ${day5('00:00')}`)
  await expect(exporter.doWork()).rejects.toThrow()
}

describe('where an export is', () => {
  test('is said of every config: last window, what is open and why, what comes next', async () => {
    await exporter.publish({ key: aKey(1), createdAt: day5('10:00') })
    await run()
    exporter.at('2020-10-05T14:00')
    await exporter.publish({ key: aKey(2), createdAt: day5('11:00') })
    await exporter.createBatches()
    await failNext()

    expect(await reportStatus(exporter.deps)).toEqual({
      now: day5('14:00'),
      configs: [
        {
          ...{ id: configId, bucket: 'exports', filenameRoot: 'us', periodSeconds: 3600 },
          exportedUntil: day5('11:00'),
          lastCompletedAt: day5('12:00'),
          unfinished: 2,
          failing: 1,
          nextDue: day5('15:00'),
          oldestUnexportedKey: day5('11:00'),
          indexes: [
            { bucket: 'exports', name: 'us/index.txt', writtenAt: day5('14:00'), isCurrent: true },
          ],
          openBatches: [
            expect.objectContaining({
              ...{ start: day5('11:00'), end: day5('12:00'), status: 'OPEN', failures: 1 },
              ...{ failingSince: day5('14:00'), notBefore: day5('14:01') },
              lastError: expect.stringContaining('export_signer_missing'),
            }),
            expect.objectContaining({ start: day5('12:00'), failures: 0 }),
          ],
        },
      ],
    })
  })

  test('is said of a config that has ended: keys that came after its last window are not behind', async () => {
    await run()
    await exporter.db.execute(sql`update export_config set thru_timestamp = ${day5('10:30')}`)
    await exporter.publish({ key: aKey(1), createdAt: day5('11:00') })
    const { configs } = (await reportStatus(exporter.deps)) as { configs: object[] }
    expect(configs).toMatchObject([{ unfinished: 0, oldestUnexportedKey: undefined }])
  })

  test('is said of a config without a batch', async () => {
    expect(await reportStatus(exporter.deps)).toMatchObject({
      configs: [{ unfinished: 0, indexes: [], openBatches: [] }],
    })
  })
})

describe('the next window', () => {
  const settings = testSettings()
  const hourly = { periodSeconds: 3600 }

  test.each([
    ['is due when it is old enough', hourly, '10:00', '12:00'],
    [
      'after a change of period ends where windows of that period do',
      { periodSeconds: 7200 },
      '11:00',
      '13:00',
    ],
    [
      'that is shorter than the truncate window waits for that',
      { periodSeconds: 900 },
      '10:00',
      '12:00',
    ],
    [
      'of a config that ends in it is due as well',
      { ...hourly, thru: day5('10:30') },
      '10:00',
      '12:00',
    ],
  ])('%s', (_, config, latestEnd, wanted) => {
    expect(nextDue(config, day5(latestEnd), settings)).toEqual(day5(wanted))
  })

  test('of a config that has ended never comes', () => {
    expect(nextDue({ ...hourly, thru: day5('10:00') }, day5('10:00'), settings)).toBeUndefined()
  })
})

describe('what would be exported', () => {
  test('is said with the files, and changes nothing', async () => {
    await exporter.publish({ key: aKey(1), createdAt: day5('10:00') })
    const window = {
      ...{ configId, start: day5('10:00'), end: day5('11:00'), keys: 1, revisedKeys: 0 },
      filledUpTo: [5, 7],
      files: ['us/1601892000-1601895600-00001.zip', 'us/1601892000-1601895600-00002.zip'],
    }
    expect(await planWork(exporter.deps)).toEqual({
      windows: [{ ...window, waitsFor: ['the next /create-batches, which makes its batch'] }],
    })
    await exporter.createBatches()
    expect(await planWork(exporter.deps)).toEqual({ windows: [{ ...window, waitsFor: [] }] })
    expect(await exporter.db.query(sql`select from export_file`)).toEqual([])
    await exporter.doWork()
    expect(await planWork(exporter.deps)).toEqual({ windows: [] })
  })

  test('is said with everything it waits for', async () => {
    await exporter.createBatches()
    exporter.at('2020-10-05T13:00')
    await exporter.publish({ key: aKey(1), createdAt: day5('10:00') })
    await exporter.createBatches()
    await failNext()
    const { windows } = await exporter.db.transaction(async (tx) => {
      await exposures.admit(tx, { arrivedAt: day5('11:30'), maxSkewMs: undefined, maxWaitMs: 1 })
      return planWork(exporter.deps)
    })
    expect(windows.map(({ waitsFor }) => waitsFor)).toEqual([
      [
        expect.stringContaining(
          '2020-10-05T13:01:00.000Z, after 1 failures (export_signer_missing',
        ),
        'a signature info that is still valid',
      ],
      [
        '1 older windows of its config',
        'a publish on its way',
        'a signature info that is still valid',
      ],
    ])
  })
})
