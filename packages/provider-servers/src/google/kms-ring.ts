import { type ServiceError, status } from '@grpc/grpc-js'
import { newSecret, type Secret } from './kms-keys.ts'
import { callFailure, invalidArgument, notFound } from './status.ts'

type VersionState = 'PENDING_GENERATION' | 'ENABLED' | 'DISABLED' | 'DESTROY_SCHEDULED'

export interface Version {
  name: string
  number: number
  state: VersionState
  secret: Secret
  createdAt: Date
  destroyedAt?: Date
  /** How often it is looked at before it is generated. */
  pending: number
}

export interface CryptoKey {
  name: string
  purpose: string
  algorithm: string
  protectionLevel: string
  /** By number, from 1. */
  versions: Version[]
  primary?: Version
}

const RING = 'projects/[^/]+/locations/[^/]+/keyRings/[\\w-]{1,63}'
const KEY_NAME = new RegExp(`^${RING}/cryptoKeys/[\\w-]{1,63}$`)
const VERSION_NAME = new RegExp(`^(${RING}/cryptoKeys/[\\w-]{1,63})/cryptoKeyVersions/(\\d+)$`)
const DESTROYED_AFTER_MS = 30 * 86_400_000

/** The keys of all rings, and their versions. */
export class KeyRings {
  readonly #keys = new Map<string, CryptoKey>()
  readonly #now: () => Date
  /** HSM keys take a moment to be made. */
  readonly #pending: number

  constructor(now: () => Date, pending: number) {
    this.#now = now
    this.#pending = pending
  }

  create(name: string, key: Omit<CryptoKey, 'name' | 'versions'>): CryptoKey {
    if (!KEY_NAME.test(name)) throw malformed()
    if (this.#keys.has(name)) {
      throw callFailure(status.ALREADY_EXISTS, `CryptoKey ${name} already exists.`)
    }
    const created = { ...key, name, versions: [] }
    this.#keys.set(name, created)
    return created
  }

  key(name: string): CryptoKey {
    if (!KEY_NAME.test(name)) throw malformed()
    const key = this.#keys.get(name)
    if (!key) throw notFound(`CryptoKey ${name}`)
    return key
  }

  addVersion(key: CryptoKey): Version {
    const number = key.versions.length + 1
    const isPending = this.#pending > 0 && key.purpose === 'ASYMMETRIC_SIGN'
    const version: Version = {
      name: `${key.name}/cryptoKeyVersions/${number}`,
      number,
      state: isPending ? 'PENDING_GENERATION' : 'ENABLED',
      secret: newSecret(key.purpose),
      createdAt: this.#now(),
      pending: this.#pending,
    }
    key.versions.push(version)
    return version
  }

  version(name: string): { key: CryptoKey; version: Version } {
    const [, keyName = '', number = ''] = VERSION_NAME.exec(name) ?? []
    const key = this.key(keyName)
    const version = key.versions[Number(number) - 1]
    if (!version) throw notFound(`CryptoKeyVersion ${name}`)
    return { key, version }
  }

  /** Looking at a version brings it on. */
  look(version: Version): void {
    if (version.state === 'PENDING_GENERATION' && version.pending-- <= 0) version.state = 'ENABLED'
  }

  destroy(version: Version): void {
    if (version.state === 'DESTROY_SCHEDULED') throw notEnabled(version)
    version.state = 'DESTROY_SCHEDULED'
    version.destroyedAt = new Date(this.#now().getTime() + DESTROYED_AFTER_MS)
  }
}

export function requireEnabled(version: Version): void {
  if (version.state !== 'ENABLED') throw notEnabled(version)
}

/** An operation that the key was not made for. */
export function requirePurpose(key: CryptoKey, purpose: string): void {
  if (key.purpose === purpose) return
  throw callFailure(
    status.FAILED_PRECONDITION,
    `${key.name} has purpose ${key.purpose}; the operation needs ${purpose}.`,
  )
}

function notEnabled({ name, state }: Version): ServiceError {
  const reason = { reason: `KEY_${state}`, domain: 'cloudkms.googleapis.com' }
  const details = `${name} is not enabled, current state is: ${state}.`
  return callFailure(status.FAILED_PRECONDITION, details, reason)
}

function malformed(): ServiceError {
  return invalidArgument('Invalid resource field value in the request.')
}
