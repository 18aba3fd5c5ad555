import { healthAuthorities, type Transaction } from '@ens/database'
import { type HealthAuthority, type HealthAuthorityKey, revocationTime } from '@ens/domain'
import { p256PublicKeyFromPem, publicKeyToPem } from '@ens/keys'
import type { ChangeDeps, ConfigDeps } from './deps.ts'
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
  { db }: Pick<ChangeDeps, 'db'>,
  id: number,
  changes: Changes<HealthAuthorityInput>,
): Promise<void> {
  await db.transaction(async (tx) => {
    const known = await lockAuthority(tx, id)
    const settings = checked(withChanges<HealthAuthorityInput>(known, changes))
    await unlessTaken(`an authority with issuer ${settings.issuer}`, () =>
      healthAuthorities.update(tx, id, settings),
    )
  })
}

async function lockAuthority(tx: Transaction, id: number): Promise<HealthAuthority> {
  return found(`health authority ${id}`, await healthAuthorities.lock(tx, id))
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

/** Ends a key now; one that is not valid yet will never be. One that has ended keeps the time of its end. */
export function revokeHealthAuthorityKey(
  deps: ChangeDeps,
  id: number,
  version: string,
): Promise<void> {
  return changeKey(deps, id, version, (key) => {
    const thru = revocationTime(key, deps.now())
    return key.thru && key.thru <= thru ? key : { ...key, thru }
  })
}

/** Takes a key's end away. */
export function reinstateHealthAuthorityKey(
  deps: ChangeDeps,
  id: number,
  version: string,
): Promise<void> {
  return changeKey(deps, id, version, (key) => ({ ...key, thru: undefined }))
}

/** Lets a key that is to begin later begin now. */
export function activateHealthAuthorityKey(
  deps: ChangeDeps,
  id: number,
  version: string,
): Promise<void> {
  const at = deps.now()
  return changeKey(deps, id, version, (key) => (key.from > at ? { ...key, from: at } : key))
}

function changeKey(
  { db }: ChangeDeps,
  id: number,
  version: string,
  change: (key: HealthAuthorityKey) => HealthAuthorityKey,
): Promise<void> {
  return db.transaction(async (tx) => {
    const { keys } = await lockAuthority(tx, id)
    const key = keys.find((one) => one.version === version)
    const known = found(`key ${version} of health authority ${id}`, key)
    await healthAuthorities.updateKeyValidity(tx, id, change(known))
  })
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
