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
import { afterAll, beforeAll, expect, test } from 'vitest'
import { APP, type Fleet, startFleet } from './fleet.ts'

const HOUR_MS = 3_600_000
const START = Date.parse('2026-03-10T08:10:00Z')

let fleet: Fleet
beforeAll(async () => {
  fleet = await startFleet(new Date(START))
  await fleet.addExport({ filenameRoot: 'mx', periodSeconds: 3600 })
  await exportedAfter(0.1) // the first run decides from when on windows are exported
})
afterAll(() => fleet.close())

/** Publishes keys of one report type; with a token it revises them. Returns the token for the next time. */
async function send(
  keys: readonly PhoneKey[],
  reportType: 'likely' | 'confirmed' | 'negative',
  revisionToken?: string,
): Promise<string> {
  const certificate = certifyKeys(fleet.issuer, { reportType }, keys, { now: fleet.now() })
  const { reply, status } = await publish({
    url: fleet.publishUrl,
    healthAuthorityID: APP,
    keys,
    certificate,
    ...(revisionToken !== undefined && { revisionToken }),
  })
  expect({ status, code: reply.code }).toEqual({ status: 200, code: undefined })
  return reply.revisionToken ?? ''
}

/** So many hours after the start, when the windows before have been exported. */
async function exportedAfter(hours: number): Promise<void> {
  fleet.moveTo(new Date(START + hours * HOUR_MS))
  await fleet.runExports()
}

async function sightings(keys: readonly PhoneKey[]): Promise<string[][]> {
  const archives: ReadArchive[] = []
  const place = { indexUrl: `${fleet.cdnUrl}/mx/index.txt`, rootUrl: fleet.cdnUrl }
  for await (const archive of downloadArchives(place))
    archives.push(await readTrusted(archive, { publicKeys: fleet.publicKeys }))
  const found = await findKeys(
    keys.map(({ key }) => key),
    archives,
  )
  return found.map((one) =>
    one.sightings.map(({ list, reportType }) => `${list} ${reportType ?? '-'}`),
  )
}

test('what phones learn of keys follows their revision, once, whenever it comes', async () => {
  const yesterdays = () => makeKeys({ days: 2, now: fleet.now(), includesToday: false })
  const confirmed = yesterdays()
  const cleared = yesterdays()
  const early = yesterdays()
  const tokens = [await send(confirmed, 'likely'), await send(cleared, 'likely')]
  await exportedAfter(2)
  await send(confirmed, 'confirmed', tokens[0])
  await send(cleared, 'negative', tokens[1])
  await send(early, 'confirmed', await send(early, 'likely'))
  await exportedAfter(4)
  await exportedAfter(30)

  const twice = (...lists: string[]) => [lists, lists]
  expect(await sightings(confirmed)).toEqual(twice('keys likely', 'revised_keys confirmed'))
  expect(await sightings(cleared)).toEqual(twice('keys likely', 'revised_keys negative'))
  // Nobody had seen them as they were first.
  expect(await sightings(early)).toEqual(twice('keys confirmed'))
})

test('a negative test is accepted, and no phone ever hears of its keys', async () => {
  const keys = makeKeys({ days: 2, now: fleet.now(), includesToday: false })
  await send(keys, 'negative')
  await exportedAfter(33)

  expect(await sightings(keys)).toEqual([[], []])
})
