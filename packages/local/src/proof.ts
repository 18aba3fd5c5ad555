import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { parseDuration } from '@ens/config'
import { embargoedUntil, INTERVAL_MS, intervalNumber, MAX_INTERVAL_COUNT } from '@ens/domain'
import {
  certifyKeys,
  downloadArchives,
  type FoundKey,
  findKeys,
  makeKeys,
  type PhoneKey,
  publish,
  type ReadArchive,
  readTrusted,
  type Trust,
} from '@ens/phone'
import { DEMO_TIMING } from './demo-configuration.ts'
import type { Demo } from './demo-file.ts'
import { proofFailed } from './errors.ts'

const DEADLINE_MS = 90_000
const LOOK_EVERY_MS = 500
const DAYS = 3

export interface ProofDeps {
  demo: Demo
  /** Which keys may vouch for archives. */
  publicKeys: Trust['publicKeys']
  /** Whether the server was told to keep nothing back (`DEBUG_RELEASE_SAME_DAY_KEYS`). */
  releasesSameDayKeys: boolean
  now: () => Date
  signal: AbortSignal
}

/** Keys that a phone has published, and when they may be seen. */
export interface Published {
  /** Their validity has ended, so that they are due in the next archive. */
  due: readonly PhoneKey[]
  /** They are still valid, and kept back until `embargoedUntil`. */
  embargoed: readonly PhoneKey[]
  embargoedUntil: Date
}

/** A phone publishes the keys of its last days, with a certificate of the demo authority. Throws `local_proof_failed`. */
export async function publishAsPhone(deps: ProofDeps): Promise<Published> {
  const { demo, now, signal } = deps
  const at = now()
  const keys = makeKeys({ days: DAYS, now: at })
  const privateKey = await readFile(demo.privateKeyFile, 'utf8')
  const onset = { symptomOnsetInterval: intervalNumber(at) - 2 * MAX_INTERVAL_COUNT }
  const diagnosis = { reportType: 'confirmed', ...onset } as const
  const certificate = certifyKeys({ ...demo, privateKey }, diagnosis, keys, { now: at })
  const { publishUrl: url, healthAuthorityID } = demo
  const { accepted, status, reply } = await publish(
    { url, healthAuthorityID, keys, certificate, ...onset },
    { signal },
  )
  if (!accepted)
    throw proofFailed(`the publish was refused: ${status} ${reply.code ?? ''} ${reply.error ?? ''}`)
  return sortedOut(keys, at, deps.releasesSameDayKeys)
}

function sortedOut(keys: readonly PhoneKey[], at: Date, releasesSameDayKeys: boolean): Published {
  const endOf = (key: PhoneKey) => key.rollingStartNumber + key.rollingPeriod
  const isDue = (key: PhoneKey) => releasesSameDayKeys || endOf(key) * INTERVAL_MS <= at.getTime()
  const windowMs = parseDuration(DEMO_TIMING.truncateWindow)
  return {
    due: keys.filter(isDue),
    embargoed: keys.filter((key) => !isDue(key)),
    embargoedUntil: embargoedUntil(Math.max(...keys.map(endOf)), windowMs),
  }
}

/**
 * The phone looks at the index again and again, downloads what is new since the last line it knows, checks it, and looks for
 * its keys, until those that are due are there. Returns the names of the archives that hold them. Throws
 * `local_proof_failed` after 90 s, or when a key is there twice, or too early.
 */
export async function findAsPhone(
  deps: ProofDeps,
  published: Published,
  lastKnown: string | undefined,
): Promise<string[]> {
  const archives: ReadArchive[] = []
  for (const giveUpAt = Date.now() + DEADLINE_MS; Date.now() < giveUpAt; ) {
    for await (const archive of readNew(deps, archives.at(-1)?.name ?? lastKnown))
      archives.push(archive)
    refuseEarly(await seen(published.embargoed, archives), published, deps.now())
    const found = await seen(published.due, archives)
    refuseRepeated(found)
    if (found.length === published.due.length) return namesOf(found)
    await pause(LOOK_EVERY_MS, undefined, { signal: deps.signal })
  }
  throw proofFailed(`no archive held the keys ${DEADLINE_MS / 1_000} s after they were published`)
}

async function seen(keys: readonly PhoneKey[], archives: ReadArchive[]): Promise<FoundKey[]> {
  const looked = await findKeys(
    keys.map(({ key }) => key),
    archives,
  )
  return looked.filter(({ sightings }) => sightings.length > 0)
}

function refuseEarly(found: readonly FoundKey[], { embargoedUntil }: Published, now: Date): void {
  if (found.length > 0 && now < embargoedUntil)
    throw proofFailed(`a key that is still valid is in ${namesOf(found).join(', ')} already`)
}

function refuseRepeated(found: readonly FoundKey[]): void {
  const repeated = found.filter(({ sightings }) => sightings.length > 1)
  if (repeated.length > 0)
    throw proofFailed(`a key is there more than once: ${namesOf(repeated).join(', ')}`)
}

const namesOf = (found: readonly FoundKey[]) => [
  ...new Set(found.flatMap(({ sightings }) => sightings.map(({ archive }) => archive))),
]

/** Everything that is listed, each archive checked: how many there are, what they hold, and the last line of the index. */
export async function readListed(
  deps: ProofDeps,
): Promise<{ archives: number; keys: number; last: string | undefined }> {
  let archives = 0
  let keys = 0
  let last: string | undefined
  for await (const { name, contents } of readNew(deps, undefined)) {
    archives += 1
    keys += contents.keys.length
    last = name
  }
  return { archives, keys, last }
}

async function* readNew(
  { demo, publicKeys, signal }: ProofDeps,
  since: string | undefined,
): AsyncGenerator<ReadArchive> {
  // Before the first archive there is no index either.
  const { status } = await fetch(demo.indexUrl, { method: 'HEAD', signal })
  if (status === 404) return
  const place = { indexUrl: demo.indexUrl, rootUrl: demo.exportRootUrl, ...(since && { since }) }
  for await (const archive of downloadArchives(place, { signal }))
    yield await readTrusted(archive, { publicKeys, region: demo.region })
}
