import { hasStatus, status } from '@ens/google'
import { keyMalformed, keyTypeMismatch } from '../errors.ts'
import type { CallOptions } from '../key-manager.ts'
import type { Kms } from './kms-client.ts'
import { translated } from './kms-failure.ts'
import { isKeyId } from './kms-names.ts'

export const SIGNING = 'ASYMMETRIC_SIGN'
export const ENCRYPTION = 'ENCRYPT_DECRYPT'
export const SIGNING_ALGORITHM = 'EC_SIGN_P256_SHA256'

export type Purpose = typeof SIGNING | typeof ENCRYPTION

/** Throws `key_type_mismatch` if the key is for something else, `key_malformed` if it signs with another algorithm. */
export async function requirePurpose(
  kms: Kms,
  id: string,
  purpose: Purpose,
  call?: CallOptions,
): Promise<void> {
  const key = await kms
    .repeatable(call?.signal, (client, options) => client.getCryptoKey({ name: id }, options))
    .catch((failure) => {
      throw translated(failure, id)
    })
  if (key.purpose !== purpose)
    throw keyTypeMismatch(`key ${id} is for ${String(key.purpose)}, not ${purpose}`)
  const algorithm = key.versionTemplate?.algorithm
  if (purpose === SIGNING && algorithm !== SIGNING_ALGORITHM) {
    throw keyMalformed(`key ${id} makes versions of ${String(algorithm)}, not ${SIGNING_ALGORITHM}`)
  }
}

export interface Use {
  /** What was used, a key or a version, and its key. */
  id: string
  keyId: string
  purpose: Purpose
}

/** What a failed use means. A key of the wrong sort is refused in more than one way, so the key itself is asked. */
export async function explained(
  kms: Kms,
  { id, keyId, purpose }: Use,
  failure: unknown,
  call?: CallOptions,
): Promise<unknown> {
  if (hasStatus(failure, status.INVALID_ARGUMENT, status.FAILED_PRECONDITION) && isKeyId(keyId)) {
    const key = await kms
      .repeatable(call?.signal, (client, options) => client.getCryptoKey({ name: keyId }, options))
      .catch(() => undefined) // who may use a key need not be allowed to look at it
    if (key && key.purpose !== purpose) {
      return keyTypeMismatch(`key ${keyId} is for ${String(key.purpose)}, not ${purpose}`)
    }
  }
  return translated(failure, id)
}
