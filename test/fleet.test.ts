import { createPublicKey } from 'node:crypto'
import {
  certifyKeys,
  downloadArchives,
  findKeys,
  makeKeys,
  type PhoneKey,
  publish,
  type ReadArchive,
  readTrusted,
} from '@ens/phone'
import { freshKeyPair } from '@ens/verification/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { APP, type Fleet, startFleet } from './fleet.ts'

const HOUR_MS = 3_600_000
const START = new Date('2026-03-10T08:10:00Z')

let fleet: Fleet
beforeAll(async () => {
  fleet = await startFleet(START)
  const hourly = { filenameRoot: 'mx/hourly', periodSeconds: 3600 }
  const fourHourly = { filenameRoot: 'mx/4h', periodSeconds: 14_400 }
  await fleet.addExport(hourly)
  await fleet.addExport(fourHourly)
  await fleet.addExport({ ...hourly, filenameRoot: 'us', outputRegion: 'US' })
  await fleet.addExport({
    ...fourHourly,
    filenameRoot: 'travelers',
    outputRegion: 'US',
    includeTravelers: true,
  })
})
afterAll(() => fleet.close())

async function publishAsPhone(days: number, traveler: boolean): Promise<PhoneKey[]> {
  const now = fleet.now()
  const keys = makeKeys({ days, now })
  const diagnosis = { reportType: 'confirmed' as const }
  const outcome = await publish({
    url: fleet.publishUrl,
    healthAuthorityID: APP,
    keys,
    certificate: certifyKeys(fleet.issuer, diagnosis, keys, { now }),
    traveler,
  })
  expect(outcome).toMatchObject({ status: 200, reply: { insertedExposures: days } })
  expect(outcome.reply.revisionToken).toBeDefined()
  return keys
}

async function readAll(root: string): Promise<ReadArchive[]> {
  const archives: ReadArchive[] = []
  const place = { indexUrl: `${fleet.cdnUrl}/${root}/index.txt`, rootUrl: fleet.cdnUrl }
  for await (const archive of downloadArchives(place))
    archives.push(await readTrusted(archive, { publicKeys: fleet.publicKeys }))
  return archives
}

const listed = (archives: readonly ReadArchive[]) =>
  archives.flatMap(({ contents }) =>
    contents.keys.map(({ key }) => Buffer.from(key ?? []).toString('base64')),
  )

test('ten phones publish over the hours, and every accepted key reaches the phones of each export exactly once', async () => {
  const home: PhoneKey[] = []
  const abroad: PhoneKey[] = []
  for (let phone = 0; phone < 10; phone++) {
    const traveler = phone % 4 === 3
    const keys = await publishAsPhone(1 + ((phone * 5) % 14), traveler)
    if (traveler) abroad.push(...keys)
    else home.push(...keys)
    fleet.moveTo(new Date(fleet.now().getTime() + 0.7 * HOUR_MS))
    await fleet.runExports()
  }
  // Today's keys are valid until midnight; they may be exported a window later.
  for (let hour = 0; hour < 30; hour++) {
    fleet.moveTo(new Date(fleet.now().getTime() + HOUR_MS))
    await fleet.runExports()
  }

  const everyKey = [...home, ...abroad].map(({ key }) => key).sort()
  for (const root of ['mx/hourly', 'mx/4h']) {
    const archives = await readAll(root)
    expect(listed(archives).sort()).toEqual(everyKey)
    expect(archives.every(({ signatures }) => signatures.length === 1)).toBe(true)
  }
  expect(listed(await readAll('us'))).toEqual([])
  expect(listed(await readAll('travelers')).sort()).toEqual(abroad.map(({ key }) => key).sort())
})

test('a key that is still valid is kept back until it has ended, in every export', async () => {
  const midnight = Date.parse('2026-03-20T00:00:00Z')
  fleet.moveTo(new Date(midnight - 2 * HOUR_MS))
  const [yesterdays, todays] = await publishAsPhone(2, false)
  const sightings = async () => {
    await fleet.runExports()
    const wanted = [yesterdays?.key ?? '', todays?.key ?? '']
    const found = await findKeys(wanted, await readAll('mx/hourly'))
    return found.map((one) => one.sightings.length)
  }
  fleet.moveTo(new Date(midnight - HOUR_MS + 31_000))
  expect(await sightings()).toEqual([1, 0])
  fleet.moveTo(new Date(midnight + 2 * HOUR_MS + 29_000))
  expect(await sightings()).toEqual([1, 0])
  fleet.moveTo(new Date(midnight + 2 * HOUR_MS + 31_000))
  expect(await sightings()).toEqual([1, 1])
})

test('an archive is refused by a phone that was given another public key', async () => {
  const publicKey = createPublicKey(freshKeyPair().publicKeyPem)
  const place = { indexUrl: `${fleet.cdnUrl}/mx/4h/index.txt`, rootUrl: fleet.cdnUrl }
  const { value: archive } = await downloadArchives(place).next()
  const trust = { publicKeys: [{ keyId: '310', keyVersion: 'v1', publicKey }] }
  await expect(
    readTrusted(archive ?? { name: '', contents: Buffer.alloc(0) }, trust),
  ).rejects.toMatchObject({ code: 'export_signature_invalid' })
})

test('a second run over the same windows changes nothing that phones have seen', async () => {
  const before = await readAll('mx/hourly')
  expect(await fleet.runExports()).toMatchObject({ batches: 0, files: 0 })
  expect(await readAll('mx/hourly')).toEqual(before)
})
