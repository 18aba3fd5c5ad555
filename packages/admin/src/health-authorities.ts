import { healthAuthorities } from '@ens/database'
import { type HealthAuthority, type HealthAuthorityKey, revocationTime } from '@ens/domain'
import { p256PublicKeyFromPem, publicKeyToPem } from '@ens/keys'
import type { ConfigDeps } from './deps.ts'
import { invalidInput } from './errors.ts'
import {
  type Changes,
  checkOrder,
  found,
  required,
  unlessTaken,
  webAddress,
  withChanges,
} from './input.ts'

export interface HealthAuthorityInput {
  /** Must equal the certificates' `iss`. */
  issuer: string
  /** Must equal the certificates' `aud`. */
  audience: string
  name: string
  /** Where the authority publishes its keys, when it does. */
  jwksUri?: string | undefined
  enableStats?: boolean | undefined
}

/** Registers an issuer of certificates. Throws `invalid_input`, `name_taken`. */
export async function createHealthAuthority(
  { db }: ConfigDeps,
  input: HealthAuthorityInput,
): Promise<number> {
  const settings = checked(input)
  return unlessTaken(`an authority with issuer ${settings.issuer}`, () =>
    healthAuthorities.insert(db, settings),
  )
}

/** Changes what is given and keeps the rest; an empty `jwksUri` takes the address away. */
export async function updateHealthAuthority(
  { db }: ConfigDeps,
  id: number,
  changes: Changes<HealthAuthorityInput>,
): Promise<void> {
  const known = await getHealthAuthority({ db }, id)
  const settings = checked(withChanges<HealthAuthorityInput>(known, changes))
  await unlessTaken(`an authority with issuer ${settings.issuer}`, () =>
    healthAuthorities.update(db, id, settings),
  )
}

export async function getHealthAuthority(
  { db }: Pick<ConfigDeps, 'db'>,
  id: number,
): Promise<HealthAuthority> {
  return found(`health authority ${id}`, await healthAuthorities.find(db, id))
}

export interface KeyInput {
  /** The certificates' `kid`. */
  version: string
  /** SPKI in PEM, a P-256 key. */
  publicKey: string
  from?: Date | undefined
  thru?: Date | undefined
}

/** Adds a key with which the authority signs certificates; valid from now unless told otherwise. */
export async function addHealthAuthorityKey(
  { db, now }: ConfigDeps,
  id: number,
  input: KeyInput,
): Promise<void> {
  await getHealthAuthority({ db }, id)
  const from = input.from ?? now()
  checkOrder(from, input.thru)
  const key: HealthAuthorityKey = {
    version: required('the version', input.version),
    publicKey: normalPem(input.publicKey),
    from,
    thru: input.thru,
  }
  await unlessTaken(`a key ${key.version} of health authority ${id}`, () =>
    healthAuthorities.insertKey(db, id, key),
  )
}

/** Ends a key now; one that is not valid yet will never be. */
export async function revokeHealthAuthorityKey(
  deps: ConfigDeps,
  id: number,
  version: string,
): Promise<void> {
  const key = await getKey(deps, id, version)
  await setValidity(deps, id, { ...key, thru: revocationTime(key, deps.now()) })
}

/** Takes a key's end away. */
export async function reinstateHealthAuthorityKey(
  deps: ConfigDeps,
  id: number,
  version: string,
): Promise<void> {
  const key = await getKey(deps, id, version)
  await setValidity(deps, id, { ...key, thru: undefined })
}

/** Lets a key that is to begin later begin now. */
export async function activateHealthAuthorityKey(
  deps: ConfigDeps,
  id: number,
  version: string,
): Promise<void> {
  const key = await getKey(deps, id, version)
  const at = deps.now()
  if (key.from > at) await setValidity(deps, id, { ...key, from: at })
}

async function getKey(
  { db }: ConfigDeps,
  id: number,
  version: string,
): Promise<HealthAuthorityKey> {
  const { keys } = await getHealthAuthority({ db }, id)
  return found(
    `key ${version} of health authority ${id}`,
    keys.find((key) => key.version === version),
  )
}

async function setValidity({ db }: ConfigDeps, id: number, key: HealthAuthorityKey): Promise<void> {
  await healthAuthorities.updateKeyValidity(db, id, key)
}

function checked(input: HealthAuthorityInput): healthAuthorities.HealthAuthoritySettings {
  const jwksUri = input.jwksUri?.trim()
  return {
    issuer: required('the issuer', input.issuer),
    audience: required('the audience', input.audience),
    name: required('the name', input.name),
    ...(jwksUri && { jwksUri: webAddress('the JWKS address', jwksUri) }),
    enableStats: input.enableStats ?? true,
  }
}

function normalPem(pem: string): string {
  try {
    return publicKeyToPem(p256PublicKeyFromPem(pem))
  } catch (cause) {
    throw invalidInput('the public key must be a P-256 key as SPKI in PEM (BEGIN PUBLIC KEY)', {
      cause,
    })
  }
}
