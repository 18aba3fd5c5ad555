import { type HealthAuthorityKey, revocationTime } from '@ens/domain'
import { jwksTooLarge } from './errors.ts'
import type { ListedKey } from './read-jwk.ts'

/** What is to be done to the keys of one authority, in this order. */
export interface KeyChanges {
  /** Versions to delete. */
  purge: string[]
  /** Keys that end, with their end. */
  revoke: HealthAuthorityKey[]
  /** One after the other, so that no version is taken when it is given. */
  rename: { from: string; to: string }[]
  insert: HealthAuthorityKey[]
  /** How many of the listed keys certificates can be verified with afterwards; the others have ended here, and stay so. */
  valid: number
  /** New keys that are listed under several kids; they are inserted under the last. */
  listedTwice: string[]
}

export interface DiffTimes {
  now: Date
  /** Keys that ended before this are purged. */
  purgeBefore: Date
}

/** So many keys of one authority are stored, ended ones included; exposure services hold them all in memory. */
const MOST_STORED = 500

/**
 * What makes the known keys those that an authority lists. Keys are recognised by their material, never by their kid:
 *
 * - A key that is not listed is revoked, and one that has ended keeps its end.
 * - A key that is new is valid from now. One that has ended stays ended though it is listed: it was revoked here, or it is a
 *   copy of an old document. For the same reason a key that is still listed is not purged: it would come back as new.
 * - A kid that is given to a new key passes to it. Its former holder keeps its row under another version: the kid under which it
 *   is listed now, or else `v1 (until 2020-10-05T12:00:00.000Z)`. So versions stay unique, as the table demands, and what was
 *   revoked is known as such until it is purged; if the key were replaced in its row, both would be forgotten.
 */
export function diffKeys(
  known: HealthAuthorityKey[],
  listed: ListedKey[],
  { now, purgeBefore }: DiffTimes,
): KeyChanges {
  const listedAs = new Map(listed.map((key) => [material(key), key.version]))
  const isListed = (key: HealthAuthorityKey) => listedAs.has(material(key))
  const purged = known.filter((key) => !isListed(key) && key.thru && key.thru < purgeBefore)
  const kept = known
    .filter((key) => !purged.includes(key))
    .map((key) => (isListed(key) ? key : revoked(key, now)))
  const added = addedKeys(known, listed, now)
  if (kept.length + added.length > MOST_STORED) {
    throw jwksTooLarge(`more than ${MOST_STORED} keys would be stored; they change too often`)
  }
  return {
    purge: purged.map(versionOf),
    revoke: kept.filter((key) => !known.includes(key)),
    rename: freeVersions(added.map(versionOf), kept, listedAs, now),
    insert: added,
    valid: added.length + kept.filter((key) => isListed(key) && !hasEnded(key, now)).length,
    listedTwice: added
      .filter((key) => listed.filter((one) => material(one) === material(key)).length > 1)
      .map(versionOf),
  }
}

/** The key's base64, which tells keys apart however their PEM was broken into lines. */
export function material({ publicKey }: { publicKey: string }): string {
  return publicKey.replace(/-----[A-Z ]+-----|\s/g, '')
}

/** The same key where it has ended already: the first revocation counts. */
function revoked(key: HealthAuthorityKey, now: Date): HealthAuthorityKey {
  const thru = revocationTime(key, now)
  return key.thru && key.thru <= thru ? key : { ...key, thru }
}

function addedKeys(known: HealthAuthorityKey[], listed: ListedKey[], now: Date) {
  const knownMaterial = new Set(known.map(material))
  const added = new Map(listed.map((key) => [material(key), key]))
  return [...added.values()]
    .filter((key) => !knownMaterial.has(material(key)))
    .map(({ version, publicKey }) => ({ version, publicKey, from: now, thru: undefined }))
}

/** Moves the holders of versions that are wanted for new keys, and whoever holds what those move to. */
function freeVersions(
  wanted: string[],
  keys: HealthAuthorityKey[],
  listedAs: Map<string, string>,
  now: Date,
): KeyChanges['rename'] {
  const holders = new Map(keys.map((key) => [key.version, material(key)]))
  const reserved = new Set(wanted)
  const renames: KeyChanges['rename'] = []
  const isFree = (version: string) => !holders.has(version) && !reserved.has(version)
  const free = (version: string) => {
    const holder = holders.get(version)
    if (holder === undefined) return
    holders.delete(version)
    const listed = listedAs.get(holder)
    // A key may be stored twice, by hand; then only one of the two can have its kid.
    const isOwn = listed !== undefined && !reserved.has(listed) && holders.get(listed) !== holder
    const to = isOwn ? listed : unused(`${version} (until ${now.toISOString()})`, isFree)
    reserved.add(to)
    free(to)
    holders.set(to, holder)
    renames.push({ from: version, to })
  }
  wanted.forEach(free)
  return renames
}

function unused(name: string, isFree: (name: string) => boolean): string {
  return isFree(name) ? name : unused(`${name}+`, isFree)
}

function hasEnded({ thru }: HealthAuthorityKey, now: Date): boolean {
  return thru !== undefined && thru <= now
}

function versionOf({ version }: { version: string }): string {
  return version
}
