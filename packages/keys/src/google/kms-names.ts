const KEY = 'projects/[^/]+/locations/[^/]+/keyRings/[\\w-]{1,63}/cryptoKeys/[\\w-]{1,63}'
const KEY_ID = new RegExp(`^${KEY}$`)
const VERSION_ID = new RegExp(`^(${KEY})/cryptoKeyVersions/([0-9]{1,19})$`)

/** `projects/P/locations/L/keyRings/R/cryptoKeys/K` */
export function isKeyId(id: string): boolean {
  return KEY_ID.test(id)
}

/** `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N` */
export function isKeyVersionId(id: string): boolean {
  return VERSION_ID.test(id)
}

/** The number at the end of a version's id; versions of a key count up. */
export function versionNumber(id: string): bigint {
  return BigInt(VERSION_ID.exec(id)?.[2] ?? 0)
}

/** The id of the key that a version belongs to; empty if it is no id of a version. */
export function keyOfVersion(id: string): string {
  return VERSION_ID.exec(id)?.[1] ?? ''
}
