import type { KeyProperties, KeyVaultKey } from '@azure/keyvault-keys'
import { azureFailure } from '@ens/azure'
import type { SigningKeyVersion } from '../key-manager.ts'
import { type KeyPlace, type KeyVersionPlace, keyIdOf } from './key-place.ts'
import { type KeyType, requireType, signingPublicKey } from './key-type.ts'
import type { Vaults } from './vaults.ts'

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
  signal: AbortSignal,
): Promise<string> {
  const id = keyIdOf(place)
  const existing = await undefinedIfMissing(
    vaults.client(place.vault).getKey(place.name, { abortSignal: signal }),
  )
  const key = existing ?? (await makeVersion(vaults, place, version, signal))
  requireType(id, key, version.type)
  return id
}

/** Adds a version to a key that is there. */
export async function createVersion(
  vaults: Vaults,
  place: KeyPlace,
  version: NewVersion,
  signal: AbortSignal,
): Promise<string> {
  const existing = await vaults.client(place.vault).getKey(place.name, { abortSignal: signal })
  requireType(keyIdOf(place), existing, version.type)
  const { properties } = await makeVersion(vaults, place, version, signal)
  return keyIdOf({ ...place, version: properties.version })
}

/** Newest first, without those that are disabled. */
export async function listVersions(
  vaults: Vaults,
  place: KeyPlace,
  abortSignal: AbortSignal,
): Promise<SigningKeyVersion[]> {
  const client = vaults.client(place.vault)
  requireType(keyIdOf(place), await client.getKey(place.name, { abortSignal }), 'signing')
  const enabled: KeyProperties[] = []
  for await (const properties of client.listPropertiesOfKeyVersions(place.name, { abortSignal })) {
    if (properties.enabled !== false) enabled.push(properties)
  }
  const listed: SigningKeyVersion[] = []
  for (const { version, ...properties } of enabled) {
    const key = await client.getKey(place.name, { ...(version && { version }), abortSignal })
    const id = keyIdOf({ ...place, version })
    listed.push({ id, createdAt: createdAt(properties), publicKey: signingPublicKey(id, key) })
  }
  return listed.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
}

export async function disableVersion(
  vaults: Vaults,
  { vault, name, version }: KeyVersionPlace,
  abortSignal: AbortSignal,
): Promise<void> {
  const change = { enabled: false, abortSignal }
  await undefinedIfMissing(vaults.client(vault).updateKeyProperties(name, version, change))
}

function makeVersion(
  vaults: Vaults,
  { vault, name }: KeyPlace,
  { type, now }: NewVersion,
  abortSignal: AbortSignal,
): Promise<KeyVaultKey> {
  const client = vaults.client(vault)
  const options = { tags: { [CREATED_AT]: now.toISOString() }, abortSignal }
  return type === 'signing'
    ? client.createEcKey(name, { ...options, curve: 'P-256', keyOps: ['sign', 'verify'] })
    : client.createRsaKey(name, { ...options, keySize: RSA_BITS, keyOps: ['encrypt', 'decrypt'] })
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
