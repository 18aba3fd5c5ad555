import { invalidKeyId } from '../errors.ts'

/** Where a key, or a version of it, is kept. */
export interface KeyPlace {
  vault: string
  name: string
  version?: string | undefined
}

export type KeyVersionPlace = Required<KeyPlace> & { version: string }

/** Names of Key Vault: https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#vault-name-and-object-name */
const SEGMENT = /^[0-9a-zA-Z-]{1,127}$/

/** Reads `VAULT/KEY` or `VAULT/KEY/VERSION`, the form of the reference server; throws `invalid_key_id`. */
export function keyPlace(id: string): KeyPlace {
  const segments = id.split('/')
  const [vault = '', name = '', version] = segments
  if (segments.length === 2 || segments.length === 3) {
    if (segments.every((segment) => SEGMENT.test(segment))) return { vault, name, version }
  }
  throw invalidKeyId(`${JSON.stringify(id)} is not VAULT/KEY or VAULT/KEY/VERSION of Key Vault`)
}

/** As `keyPlace`, with the version; a signing key without one would change under its archives. */
export function keyVersionPlace(id: string): KeyVersionPlace {
  const { version, ...key } = keyPlace(id)
  if (version !== undefined) return { ...key, version }
  throw invalidKeyId(`${JSON.stringify(id)} names no version; it must be VAULT/KEY/VERSION`)
}

export function keyIdOf({ vault, name, version }: KeyPlace): string {
  return [vault, name, version].filter((segment) => segment !== undefined).join('/')
}
