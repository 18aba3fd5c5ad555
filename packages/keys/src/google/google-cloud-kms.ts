import type { ConnectionOptions } from '@ens/google'
import { EVERY_CAPABILITY } from '../capabilities.ts'
import { guarded } from '../guard.ts'
import type { CallOptions, KeyManager } from '../key-manager.ts'
import { kmsClient } from './kms-client.ts'
import { decrypt, encrypt } from './kms-encryption.ts'
import { ENCRYPTION, type Purpose, SIGNING } from './kms-purpose.ts'
import { kmsSigner } from './kms-signer.ts'
import {
  createKey,
  createVersion,
  destroyVersion,
  listVersions,
  makePrimary,
} from './kms-versions.ts'

export interface GoogleCloudKmsOptions extends ConnectionOptions {
  /** Whether keys that are made from now on are kept in hardware (Cloud HSM). */
  createHsmKeys: boolean
}

/**
 * Keys of Google Cloud KMS. Ids are the full names: `projects/P/locations/L/keyRings/R/cryptoKeys/K`, and behind it
 * `/cryptoKeyVersions/N` for a version. The parent of a key is its key ring, which is never made here.
 */
export function googleCloudKms({
  createHsmKeys: hsm,
  ...options
}: GoogleCloudKmsOptions): KeyManager {
  const kms = kmsClient(options)
  const create = (parent: string, name: string, purpose: Purpose, call?: CallOptions) =>
    guarded(call, () => createKey(kms, { parent, name, purpose, hsm }, call))
  return {
    capabilities: EVERY_CAPABILITY,
    signer: (id, call) => guarded(call, () => kmsSigner(kms, id, call)),
    encrypt: (id, plaintext, aad, call) =>
      guarded(call, () => encrypt(kms, id, plaintext, aad, call)),
    decrypt: (id, ciphertext, aad, call) =>
      guarded(call, () => decrypt(kms, id, ciphertext, aad, call)),
    createSigningKey: (parent, name, call) => create(parent, name, SIGNING, call),
    createSigningKeyVersion: (id, call) =>
      guarded(call, () => createVersion(kms, id, SIGNING, call)),
    listSigningKeyVersions: (id, call) => guarded(call, () => listVersions(kms, id, call)),
    destroySigningKeyVersion: (id, call) => guarded(call, () => destroyVersion(kms, id, call)),
    createEncryptionKey: (parent, name, call) => create(parent, name, ENCRYPTION, call),
    createEncryptionKeyVersion: (id, call) =>
      guarded(call, async () => {
        const version = await createVersion(kms, id, ENCRYPTION, call)
        await makePrimary(kms, id, version, call)
        return version
      }),
  }
}
