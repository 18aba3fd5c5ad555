import { certifyKeys, downloadArchives, makeKeys, publish, readTrusted } from '@ens/phone'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeOrigin } from '../packages/local/src/origins.ts'
import { type Azurite, startAzurite } from '../packages/provider-servers/src/azure.ts'
import { type FaultyLink, faultyLink } from '../packages/provider-servers/src/index.ts'
import { azureBlobstore } from '../packages/storage/src/azure/blob-storage.ts'
import { APP, BUCKET, type Fleet, startFleet } from './fleet.ts'

const HOUR_MS = 3_600_000
const START = new Date('2026-03-10T08:10:00Z')
const ROOT = 'mx/hourly'

let azurite: Azurite
let link: FaultyLink
let fleet: Fleet
beforeAll(async () => {
  azurite = await startAzurite()
  await azurite.createContainer(BUCKET)
  link = await faultyLink({ port: azurite.port })
  const endpoint = azurite.endpoint.replace(`:${azurite.port}/`, `:${link.port}/`)
  const { account, accessKey } = azurite
  const blobstore = await azureBlobstore({ account, accessKey, endpoint, random: () => 0 })
  fleet = await startFleet(START, undefined, {
    blobstore,
    origin: storeOrigin(azurite.endpoint),
  })
  await fleet.addExport({ filenameRoot: ROOT, periodSeconds: 3600 })
  await publishKeys()
  nextHour()
  await fleet.runExports() // so that there is an index
})
afterAll(async () => {
  await fleet.close()
  await link.close()
  await azurite.stop()
})

/** Old enough keys to be exported with the window of their arrival. */
async function publishKeys(): Promise<string[]> {
  const now = fleet.now()
  const keys = makeKeys({ days: 3, now }).slice(0, 2)
  const certificate = certifyKeys(fleet.issuer, { reportType: 'confirmed' }, keys, { now })
  const outcome = await publish({
    url: fleet.publishUrl,
    healthAuthorityID: APP,
    keys,
    certificate,
    traveler: false,
  })
  expect(outcome).toMatchObject({ status: 200, reply: { insertedExposures: 2 } })
  return keys.map(({ key }) => key).sort()
}

/** What phones find, in the order of the index; every archive verified. */
async function foundKeys(): Promise<string[]> {
  const place = { indexUrl: `${fleet.cdnUrl}/${ROOT}/index.txt`, rootUrl: fleet.cdnUrl }
  const found: string[] = []
  for await (const archive of downloadArchives(place)) {
    const { contents } = await readTrusted(archive, { publicKeys: fleet.publicKeys })
    found.push(...contents.keys.map(({ key }) => Buffer.from(key ?? []).toString('base64')))
  }
  return found
}

const nextHour = () => fleet.moveTo(new Date(fleet.now().getTime() + HOUR_MS))

test('while Azure cannot be reached nothing new is listed, and afterwards nothing is lost', async () => {
  const published = await publishKeys()
  nextHour()
  link.cut()
  const outage = expect.objectContaining({ code: 'storage_unavailable' })
  await expect(fleet.runExports()).rejects.toMatchObject({
    errors: expect.arrayContaining([outage]),
  })
  expect((await foundKeys()).filter((key) => published.includes(key))).toEqual([])

  link.mend()
  nextHour()
  await fleet.runExports()
  const found = await foundKeys()
  expect(found.filter((key) => published.includes(key)).sort()).toEqual(published)
})

test.each([1, 200, 500, 1_000, 2_000, 4_000])(
  'an answer that is cut within the first %i bytes loses and doubles no key',
  async (bytes) => {
    const published = await publishKeys()
    nextHour()
    link.cutAnswerAfter(bytes)
    await fleet.runExports()
    const found = await foundKeys()
    expect(found.filter((key) => published.includes(key)).sort()).toEqual(published)
  },
)
