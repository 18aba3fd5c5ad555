import { setTimeout } from 'node:timers/promises'
import { hasStatus, status } from '@ens/google'
import { keyManagerUnavailable, keyTypeMismatch } from '../errors.ts'
import type { CallOptions, SigningKeyVersion } from '../key-manager.ts'
import type { Kms } from './kms-client.ts'
import { translated } from './kms-failure.ts'
import { versionNumber } from './kms-names.ts'
import {
  ENCRYPTION,
  type Purpose,
  requirePurpose,
  SIGNING,
  SIGNING_ALGORITHM,
} from './kms-purpose.ts'
import { publicKeyOf } from './kms-signer.ts'

export interface NewKey {
  parent: string
  name: string
  purpose: Purpose
  /** In hardware (Cloud HSM) instead of software. */
  hsm: boolean
}

/** Makes a key without a version, or finds it, and returns its id. */
export async function createKey(
  kms: Kms,
  { parent, name, purpose, hsm }: NewKey,
  call?: CallOptions,
): Promise<string> {
  const id = `${parent}/cryptoKeys/${name}`
  const protectionLevel = hsm ? ('HSM' as const) : ('SOFTWARE' as const)
  const algorithm = purpose === SIGNING ? SIGNING_ALGORITHM : 'GOOGLE_SYMMETRIC_ENCRYPTION'
  const cryptoKey = { purpose, versionTemplate: { algorithm, protectionLevel } } as const
  const request = { parent, cryptoKeyId: name, cryptoKey, skipInitialVersionCreation: true }
  try {
    await kms.repeatable(call?.signal, (client, options) =>
      client.createCryptoKey(request, options),
    )
  } catch (failure) {
    // By somebody else, or by an earlier try of ours.
    if (!hasStatus(failure, status.ALREADY_EXISTS)) throw translated(failure, id)
    await requirePurpose(kms, id, purpose, call)
  }
  return id
}

/** Adds a version and returns its id once it can be used. */
export async function createVersion(
  kms: Kms,
  keyId: string,
  purpose: Purpose,
  call?: CallOptions,
): Promise<string> {
  await requirePurpose(kms, keyId, purpose, call)
  const { name: id } = await kms
    .once(call?.signal, (client, options) =>
      client.createCryptoKeyVersion({ parent: keyId, cryptoKeyVersion: {} }, options),
    )
    .catch((failure) => {
      throw translated(failure, keyId)
    })
  await untilEnabled(kms, id ?? '', call)
  return id ?? ''
}

const LOOKS = 60
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1000

/** Keys in hardware take a moment to be made. */
async function untilEnabled(kms: Kms, id: string, call?: CallOptions): Promise<void> {
  for (let looks = 0; looks < LOOKS; looks++) {
    const { state } = await getVersion(kms, id, call)
    if (state === 'ENABLED') return
    if (state !== 'PENDING_GENERATION') {
      throw keyManagerUnavailable(`key version ${id} was not made; its state is ${String(state)}`)
    }
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** looks, LONGEST_PAUSE_MS)
    await setTimeout(pauseMs, undefined, call?.signal && { signal: call.signal })
  }
  throw keyManagerUnavailable(`key version ${id} is still being made; it is there, but unused`)
}

async function getVersion(kms: Kms, id: string, call?: CallOptions) {
  return kms
    .repeatable(call?.signal, (client, options) =>
      client.getCryptoKeyVersion({ name: id }, options),
    )
    .catch((failure) => {
      throw translated(failure, id)
    })
}

/** From now on the key encrypts with this version. */
export async function makePrimary(
  kms: Kms,
  keyId: string,
  versionId: string,
  call?: CallOptions,
): Promise<void> {
  const cryptoKeyVersionId = String(versionNumber(versionId))
  await kms
    .repeatable(call?.signal, (client, options) =>
      client.updateCryptoKeyPrimaryVersion({ name: keyId, cryptoKeyVersionId }, options),
    )
    .catch((failure) => {
      throw translated(failure, keyId)
    })
}

type Listed = Awaited<ReturnType<typeof getVersion>>

/** Newest first, and only those whose public key can still be had. */
export async function listVersions(
  kms: Kms,
  keyId: string,
  call?: CallOptions,
): Promise<SigningKeyVersion[]> {
  await requirePurpose(kms, keyId, SIGNING, call)
  const listed = await kms
    .repeatable<Listed[]>(call?.signal, (client, options) =>
      client.listCryptoKeyVersions({ parent: keyId }, options),
    )
    .catch((failure) => {
      throw translated(failure, keyId)
    })
  const known: SigningKeyVersion[] = []
  for (const version of listed.sort(newestFirst)) {
    const found = await withPublicKey(kms, version, call)
    if (found) known.push(found)
  }
  return known
}

function newestFirst(one: Listed, other: Listed): number {
  return versionNumber(one.name ?? '') > versionNumber(other.name ?? '') ? -1 : 1
}

async function withPublicKey(
  kms: Kms,
  { name, state, createTime, destroyTime }: Listed,
  call?: CallOptions,
): Promise<SigningKeyVersion | undefined> {
  if (state === 'DESTROYED' || state === 'PENDING_GENERATION') return undefined
  const id = name ?? ''
  try {
    const publicKey = await publicKeyOf(kms, id, call)
    const version = { id, createdAt: dateOf(createTime), publicKey }
    return destroyTime ? { ...version, destroyedAt: dateOf(destroyTime) } : version
  } catch (failure) {
    if (hasStatus(failure, status.FAILED_PRECONDITION, status.NOT_FOUND)) return undefined
    throw translated(failure, id)
  }
}

type Timestamp = Listed['createTime']

function dateOf(at: Timestamp): Date {
  return new Date(Number(at?.seconds ?? 0) * 1000 + Math.floor((at?.nanos ?? 0) / 1_000_000))
}

/** Has a signing version destroyed; Cloud KMS does it after the key's waiting time. One that is gone is no error. */
export async function destroyVersion(kms: Kms, id: string, call?: CallOptions): Promise<void> {
  if (await isGone(kms, id, call)) return
  try {
    await kms.repeatable(call?.signal, (client, options) =>
      client.destroyCryptoKeyVersion({ name: id }, options),
    )
  } catch (failure) {
    // An earlier try may have done it, or somebody else.
    if (hasStatus(failure, status.FAILED_PRECONDITION) && (await isGone(kms, id, call))) return
    throw translated(failure, id)
  }
}

async function isGone(kms: Kms, id: string, call?: CallOptions): Promise<boolean> {
  try {
    const { state, algorithm } = await kms.repeatable(call?.signal, (client, options) =>
      client.getCryptoKeyVersion({ name: id }, options),
    )
    if (algorithm === 'GOOGLE_SYMMETRIC_ENCRYPTION') {
      throw keyTypeMismatch(`key version ${id} is for ${ENCRYPTION}, not ${SIGNING}`)
    }
    return state === 'DESTROYED' || state === 'DESTROY_SCHEDULED'
  } catch (failure) {
    if (hasStatus(failure, status.NOT_FOUND)) return true
    throw translated(failure, id)
  }
}
