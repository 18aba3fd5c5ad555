import { exposures, sql } from '@ens/database'
import { intervalNumber } from '@ens/domain'
import { anExposure } from '@ens/domain/testing'
import {
  certifyKeys,
  downloadArchives,
  makeKeys,
  type PhoneKey,
  publish,
  readTrusted,
} from '@ens/phone'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { APP, type Fleet, startFleet } from './fleet.ts'

const START = new Date('2026-03-10T08:50:00Z')
const AFTER_THE_WINDOW = new Date('2026-03-10T10:00:00Z')
const LATER = new Date('2026-03-10T10:05:00Z')

let fleet: Fleet
beforeAll(async () => {
  fleet = await startFleet(START)
  await fleet.addExport({ filenameRoot: 'mx', periodSeconds: 3600 })
})
afterAll(() => fleet.close())

test('a publish whose commit stalls past the end of its window is waited for, and exported once', async () => {
  const keys = makeKeys({ days: 3, now: START })
  const publishing = await whileAnotherHoldsItsKey(keys, async () => {
    const outcome = publishAsPhone(keys)
    await expect.poll(waiting, { interval: 5 }).toBe(1)
    fleet.moveTo(AFTER_THE_WINDOW)
    await fleet.runExports()
    return { outcome }
  })
  expect(await publishing.outcome).toMatchObject({ status: 200, reply: { insertedExposures: 3 } })
  const { status } = await fetch(`${fleet.cdnUrl}/mx/index.txt`)
  expect(status).toBe(404)

  fleet.moveTo(LATER)
  await fleet.runExports()
  await fleet.runExports()
  // Today's key waits for its end.
  const ended = keys.filter((key) => key.rollingStartNumber + 144 <= intervalNumber(START))
  expect(ended).toHaveLength(2)
  expect((await listedKeys()).sort()).toEqual(ended.map(({ key }) => key).sort())
})

/** Another publish of one of these keys, which is given up in the end. */
async function whileAnotherHoldsItsKey<T>(keys: PhoneKey[], work: () => Promise<T>): Promise<T> {
  const key = Buffer.from(keys[0]?.key ?? '', 'base64')
  let result: T | undefined
  const rolledBack = fleet.db.transaction(async (tx) => {
    const inserts = [anExposure({ key })]
    await exposures.write(tx, { inserts, revisions: [], statistics: undefined })
    result = await work()
    throw new Error('given up')
  })
  await expect(rolledBack).rejects.toThrow('given up')
  return result as T
}

function publishAsPhone(keys: PhoneKey[]) {
  const diagnosis = { reportType: 'confirmed' as const }
  return publish({
    url: fleet.publishUrl,
    healthAuthorityID: APP,
    keys,
    certificate: certifyKeys(fleet.issuer, diagnosis, keys, { now: START }),
    traveler: false,
  })
}

async function waiting(): Promise<number> {
  const rows = await fleet.db.query(sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
  return rows.length
}

async function listedKeys(): Promise<string[]> {
  const keys: string[] = []
  const place = { indexUrl: `${fleet.cdnUrl}/mx/index.txt`, rootUrl: fleet.cdnUrl }
  for await (const archive of downloadArchives(place)) {
    const { contents } = await readTrusted(archive, { publicKeys: fleet.publicKeys })
    keys.push(...contents.keys.map(({ key }) => Buffer.from(key ?? []).toString('base64')))
  }
  return keys
}
