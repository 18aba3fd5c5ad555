import { setTimeout as pause } from 'node:timers/promises'
import {
  downloadArchives,
  type FoundKey,
  findKeys,
  type PhoneKey,
  type ReadArchive,
  readTrusted,
  type Trust,
} from '@ens/phone'
import type { Demo } from './demo-file.ts'
import { proofFailed } from './errors.ts'

const DEADLINE_MS = 90_000
const LOOK_EVERY_MS = 500

export interface ArchiveDeps {
  demo: Demo
  /** Which keys may vouch for archives. */
  publicKeys: Trust['publicKeys']
  signal: AbortSignal
}

/** Everything that is listed, each archive checked: how many there are, what they hold, and the last line of the index. */
export async function readListed(
  deps: ArchiveDeps,
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

/**
 * Looks at the index again and again, as a phone does, reads what is new since the last line known, checks it, and has all of
 * it judged, until the judge answers. Throws `local_proof_failed` after 90 s.
 */
export async function watchArchives<Answer>(
  deps: ArchiveDeps,
  since: string | undefined,
  judge: (archives: readonly ReadArchive[]) => Promise<Answer | undefined>,
): Promise<Answer> {
  const archives: ReadArchive[] = []
  for (const giveUpAt = Date.now() + DEADLINE_MS; Date.now() < giveUpAt; ) {
    for await (const archive of readNew(deps, archives.at(-1)?.name ?? since))
      archives.push(archive)
    const answer = await judge(archives)
    if (answer !== undefined) return answer
    await pause(LOOK_EVERY_MS, undefined, { signal: deps.signal })
  }
  throw proofFailed(`no archive held the keys ${DEADLINE_MS / 1_000} s after they were published`)
}

async function* readNew(
  { demo, publicKeys, signal }: ArchiveDeps,
  since: string | undefined,
): AsyncGenerator<ReadArchive> {
  // Before the first archive there is no index either.
  const { status } = await fetch(demo.indexUrl, { method: 'HEAD', signal })
  if (status === 404) return
  const place = { indexUrl: demo.indexUrl, rootUrl: demo.exportRootUrl, ...(since && { since }) }
  for await (const archive of downloadArchives(place, { signal }))
    yield await readTrusted(archive, { publicKeys, region: demo.region })
}

/** Those of the keys that are in the archives, with the places where they are. */
export async function keysSeen(
  keys: readonly PhoneKey[],
  archives: readonly ReadArchive[],
): Promise<FoundKey[]> {
  const looked = await findKeys(
    keys.map(({ key }) => key),
    archives,
  )
  return looked.filter(({ sightings }) => sightings.length > 0)
}

/** The archives that hold them, in the order of the index. */
export function archivesOf(found: readonly FoundKey[]): string[] {
  const names = found.flatMap(({ sightings }) => sightings.map(({ archive }) => archive))
  return [...new Set(names)].sort()
}
