import { readFile } from 'node:fs/promises'
import { parseDuration } from '@ens/config'
import {
  embargoedUntil,
  INTERVAL_MS,
  intervalNumber,
  MAX_INTERVAL_COUNT,
  type ReportType,
} from '@ens/domain'
import {
  certifyKeys,
  type FoundKey,
  makeKeys,
  type PhoneKey,
  type PublishOutcome,
  publish,
  type Sighting,
} from '@ens/phone'
import { type ArchiveDeps, archivesOf, keysSeen, watchArchives } from './archives-as-phone.ts'
import { DEMO_TIMING } from './demo-configuration.ts'
import { proofFailed } from './errors.ts'

const DAYS = 3

/** What the health authority says first, and what it says after a better test. */
const FIRST = 'likely'
const LATER = 'confirmed'

export interface ProofDeps extends ArchiveDeps {
  /** Whether the server was told to keep nothing back (`DEBUG_RELEASE_SAME_DAY_KEYS`). */
  releasesSameDayKeys: boolean
  now: () => Date
}

/** Keys that a phone has published, and when they may be seen. */
export interface Published {
  /** Their validity has ended, so that they are due in the next archive. */
  due: readonly PhoneKey[]
  /** They are still valid, and kept back until `embargoedUntil`. */
  embargoed: readonly PhoneKey[]
  embargoedUntil: Date
  /** What the phone needs to revise them. */
  revisionToken: string
}

/** A phone publishes the keys of its last days, with a certificate of the demo authority. Throws `local_proof_failed`. */
export async function publishAsPhone(deps: ProofDeps): Promise<Published> {
  const at = deps.now()
  const keys = makeKeys({ days: DAYS, now: at })
  const { revisionToken = '' } = await send(deps, keys, { reportType: FIRST })
  return { ...sortedOut(keys, at, deps.releasesSameDayKeys), revisionToken }
}

/** The phone publishes the same keys again, now with a certificate that confirms them. Throws `local_proof_failed`. */
export async function reviseAsPhone(deps: ProofDeps, published: Published): Promise<void> {
  const { due, embargoed, revisionToken } = published
  await send(deps, [...due, ...embargoed], { reportType: LATER, revisionToken })
}

async function send(
  { demo, now, signal }: ProofDeps,
  keys: readonly PhoneKey[],
  { reportType, ...token }: { reportType: ReportType; revisionToken?: string },
): Promise<PublishOutcome['reply']> {
  const at = now()
  const privateKey = await readFile(demo.privateKeyFile, 'utf8')
  const onset = { symptomOnsetInterval: intervalNumber(at) - 2 * MAX_INTERVAL_COUNT }
  const diagnosis = { reportType, ...onset }
  const certificate = certifyKeys({ ...demo, privateKey }, diagnosis, keys, { now: at })
  const { publishUrl: url, healthAuthorityID } = demo
  const { accepted, status, reply } = await publish(
    { url, healthAuthorityID, keys, certificate, ...onset, ...token },
    { signal },
  )
  if (accepted) return reply
  throw proofFailed(`the publish was refused: ${status} ${reply.code ?? ''} ${reply.error ?? ''}`)
}

function sortedOut(keys: readonly PhoneKey[], at: Date, releasesSameDayKeys: boolean) {
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
 * Waits until the keys that are due are listed, in archives after the last line known. Returns the names of these archives.
 * Throws `local_proof_failed` after 90 s, or when a key is there twice, too early, or as something else than was published.
 */
export function findAsPhone(
  deps: ProofDeps,
  published: Published,
  lastKnown: string | undefined,
): Promise<string[]> {
  return find(deps, published, lastKnown, { list: 'keys', reportType: FIRST })
}

/** As `findAsPhone`, for the revision: the keys are among the revised ones of archives after those that first held them. */
export function findRevisedAsPhone(
  deps: ProofDeps,
  published: Published,
  firstSeen: readonly string[],
): Promise<string[]> {
  return find(deps, published, firstSeen.at(-1), { list: 'revised_keys', reportType: LATER })
}

function find(
  deps: ProofDeps,
  published: Published,
  since: string | undefined,
  wanted: Omit<Sighting, 'archive'>,
): Promise<string[]> {
  return watchArchives(deps, since, async (archives) => {
    refuseEarly(await keysSeen(published.embargoed, archives), published, deps.now())
    const found = await keysSeen(published.due, archives)
    refuseRepeated(found)
    refuseOther(found, wanted)
    return found.length === published.due.length ? archivesOf(found) : undefined
  })
}

function refuseEarly(found: readonly FoundKey[], { embargoedUntil }: Published, now: Date): void {
  if (found.length > 0 && now < embargoedUntil)
    throw proofFailed(`a key that is still valid is in ${archivesOf(found).join(', ')} already`)
}

function refuseRepeated(found: readonly FoundKey[]): void {
  const repeated = found.filter(({ sightings }) => sightings.length > 1)
  if (repeated.length > 0)
    throw proofFailed(`a key is there more than once: ${archivesOf(repeated).join(', ')}`)
}

function refuseOther(found: readonly FoundKey[], wanted: Omit<Sighting, 'archive'>): void {
  const other = found
    .flatMap(({ sightings }) => sightings)
    .find(({ list, reportType }) => list !== wanted.list || reportType !== wanted.reportType)
  if (other)
    throw proofFailed(
      `a key is in ${other.archive} among ${other.list} as ${other.reportType ?? 'nothing'}, not among ${wanted.list} as ${wanted.reportType ?? 'nothing'}`,
    )
}
