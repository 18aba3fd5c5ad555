import type { KeyClient, KeyProperties, KeyVaultKey } from '@azure/keyvault-keys'
import { azureFailure } from '@ens/azure'
import type { SigningKeyVersion } from '../key-manager.ts'
import { type KeyPlace, type KeyVersionPlace, keyIdOf } from './key-place.ts'
import { type KeyType, requireType, signingPublicKey } from './key-type.ts'
import type { Ask, Vaults } from './vaults.ts'

/** A tag of our versions: Key Vault dates them by the second, and lists them in no order. */
const CREATED_AT = 'created-at'
const RSA_BITS = 3_072

interface NewVersion {
  type: KeyType
  now: Date
}

/** Finds the key or makes it, with a first version, as Key Vault has no key without one. Returns its id. */
export async function ensureKey(
  vaults: Vaults,
  place: KeyPlace,
  version: NewVersion,
  ask: Ask,
): Promise<string> {
  const id = keyIdOf(place)
  const key = (await findKey(vaults, place, ask)) ?? (await makeKey(vaults, place, version, ask))
  requireType(id, key, version.type)
  return id
}

/** What an attempt without an answer has made is found, and is not made a second time. */
async function makeKey(
  vaults: Vaults,
  place: KeyPlace,
  version: NewVersion,
  ask: Ask,
): Promise<KeyVaultKey> {
  try {
    return await makeVersion(vaults, place, version, ask)
  } catch (error) {
    const made = azureFailure(error).isTransient && (await findKey(vaults, place, ask))
    if (made) return made
    throw error
  }
}

/** Adds a version to a key that is there. Whether an attempt without an answer has made one is left to the caller. */
export async function createVersion(
  vaults: Vaults,
  place: KeyPlace,
  version: NewVersion,
  ask: Ask,
): Promise<string> {
  requireType(keyIdOf(place), await newestKey(vaults, place, ask), version.type)
  const { properties } = await makeVersion(vaults, place, version, ask)
  return keyIdOf({ ...place, version: properties.version })
}

/** Newest first, without those that are disabled. */
export async function listVersions(
  vaults: Vaults,
  place: KeyPlace,
  ask: Ask,
): Promise<SigningKeyVersion[]> {
  const client = vaults.client(place.vault)
  requireType(keyIdOf(place), await newestKey(vaults, place, ask), 'signing')
  const enabled = await ask((abortSignal) => listEnabled(client, place.name, abortSignal))
  const listed: SigningKeyVersion[] = []
  for (const { version, ...properties } of enabled) {
    const which = version ? { version } : {}
    const key = await ask((abortSignal) => client.getKey(place.name, { ...which, abortSignal }))
    const id = keyIdOf({ ...place, version })
    listed.push({ id, createdAt: createdAt(properties), publicKey: signingPublicKey(id, key) })
  }
  return listed.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
}

async function listEnabled(
  client: KeyClient,
  name: string,
  abortSignal: AbortSignal,
): Promise<KeyProperties[]> {
  const enabled: KeyProperties[] = []
  for await (const properties of client.listPropertiesOfKeyVersions(name, { abortSignal })) {
    if (properties.enabled !== false) enabled.push(properties)
  }
  return enabled
}

export async function disableVersion(
  vaults: Vaults,
  { vault, name, version }: KeyVersionPlace,
  ask: Ask,
): Promise<void> {
  const client = vaults.client(vault)
  const disabling = ask((abortSignal) =>
    client.updateKeyProperties(name, version, { enabled: false, abortSignal }),
  )
  await undefinedIfMissing(disabling)
}

/** Never repeated when it may have been carried out: every time makes a version. */
function makeVersion(
  vaults: Vaults,
  { vault, name }: KeyPlace,
  { type, now }: NewVersion,
  ask: Ask,
): Promise<KeyVaultKey> {
  const client = vaults.client(vault)
  const tags = { [CREATED_AT]: now.toISOString() }
  const make = (abortSignal: AbortSignal) =>
    type === 'signing'
      ? client.createEcKey(name, { curve: 'P-256', keyOps: ['sign', 'verify'], tags, abortSignal })
      : client.createRsaKey(name, {
          keySize: RSA_BITS,
          keyOps: ['encrypt', 'decrypt'],
          tags,
          abortSignal,
        })
  return ask(make, { repeatable: false })
}

function newestKey(vaults: Vaults, { vault, name }: KeyPlace, ask: Ask): Promise<KeyVaultKey> {
  return ask((abortSignal) => vaults.client(vault).getKey(name, { abortSignal }))
}

function findKey(vaults: Vaults, place: KeyPlace, ask: Ask): Promise<KeyVaultKey | undefined> {
  return undefinedIfMissing(newestKey(vaults, place, ask))
}

/** By our tag if it agrees with Key Vault's second. */
function createdAt({ createdOn, tags }: Omit<KeyProperties, 'version'>): Date {
  const tagged = new Date(tags?.[CREATED_AT] ?? Number.NaN)
  const dated = createdOn ?? tagged
  return Math.abs(tagged.getTime() - dated.getTime()) < CLOCK_SKEW_MS ? tagged : dated
}

const CLOCK_SKEW_MS = 60_000

async function undefinedIfMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (azureFailure(error).status === 404) return undefined
    throw error
  }
}
