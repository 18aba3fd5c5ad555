import { pathSegments } from '@ens/vault'
import { invalidKeyId } from '../errors.ts'

export interface TransitKey {
  /** As it was given, without a leading slash. */
  id: string
  /** The path of the engine. */
  mount: string[]
  name: string
}

export interface TransitVersion extends TransitKey {
  version: number
}

const DEFAULT_MOUNT = ['transit']
/** What Vault takes for the name of a key. */
const NAME = /^\w([\w.-]*\w)?$/
/** The reference server wrote `name@3`; its lists showed `name/3`, which is understood, too. */
const VERSION = /^(?<key>.+)[@/](?<version>[1-9][0-9]{0,18})$/

/** Throws `invalid_key_id` unless it is `[mount/]name`. */
export function parseTransitKey(id: string): TransitKey {
  const segments = pathSegments(id)
  const name = segments?.at(-1) ?? ''
  if (!segments || !NAME.test(name)) {
    throw invalidKeyId(`${JSON.stringify(id)} is not a key id of Vault; [mount/]name is`)
  }
  const mount = segments.slice(0, -1)
  return { id: segments.join('/'), name, mount: mount.length > 0 ? mount : DEFAULT_MOUNT }
}

/** Throws `invalid_key_id` unless it is `[mount/]name@version`. */
export function parseTransitVersion(id: string): TransitVersion {
  const { key = '', version } = VERSION.exec(id)?.groups ?? {}
  if (version === undefined) {
    throw invalidKeyId(`${JSON.stringify(id)} names no version of a key of Vault; name@3 does`)
  }
  return { ...parseTransitKey(key), version: Number(version) }
}
