import { type RetryOptions, retrying } from '@ens/azure'
import { EVERY_CAPABILITY } from '../capabilities.ts'
import { guarded } from '../guard.ts'
import type { CallOptions, KeyManager } from '../key-manager.ts'
import { decrypt, encrypt } from './encryption.ts'
import { keyError } from './key-error.ts'
import { keyPlace, keyVersionPlace } from './key-place.ts'
import { createVersion, disableVersion, ensureKey, listVersions } from './key-versions.ts'
import { openSigner } from './signer.ts'
import { openVaults, type VaultsOptions } from './vaults.ts'

export interface KeyVaultOptions extends VaultsOptions {
  /** Dates the versions, more finely than Key Vault does. */
  now: () => Date
  /** From 0 to 1, evenly; spreads retries. */
  random: () => number
}

/** For callers that give no signal. */
const LONGEST_CALL_MS = 60_000

/**
 * Keys that never leave Key Vault, by ids `VAULT/KEY/VERSION`. Signing keys are P-256, encryption keys RSA with
 * RSA-OAEP-256, which takes no associated data: it is ignored, as by the reference server. Key Vault destroys no single
 * version; here it is disabled, which ends every use of it.
 */
export function keyVaultKeyManager(options: KeyVaultOptions): KeyManager {
  const { now, random } = options
  const vaults = openVaults(options)

  /** One call: with a deadline, repeated while Key Vault is in trouble, its errors translated. */
  function run<T>(
    id: string,
    call: CallOptions | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const signal = call?.signal ?? AbortSignal.timeout(LONGEST_CALL_MS)
    const retry: RetryOptions = { signal, random }
    return guarded({ signal }, () =>
      keyError(
        id,
        retrying(retry, () => work(signal)),
      ),
    )
  }

  return {
    capabilities: { ...EVERY_CAPABILITY, associatedData: false },

    signer: (id, call) =>
      run(id, call, (signal) => openSigner(vaults, keyVersionPlace(id), signal, run)),

    encrypt: (id, plaintext, _aad, call) =>
      run(id, call, (signal) => encrypt(vaults, keyPlace(id), plaintext, signal)),
    decrypt: (id, ciphertext, _aad, call) =>
      run(id, call, (signal) => decrypt(vaults, keyPlace(id), ciphertext, signal)),

    createSigningKey: (vault, name, call) =>
      run(`${vault}/${name}`, call, (signal) =>
        ensureKey(vaults, keyPlace(`${vault}/${name}`), { type: 'signing', now: now() }, signal),
      ),
    createSigningKeyVersion: (id, call) =>
      run(id, call, (signal) =>
        createVersion(vaults, keyPlace(id), { type: 'signing', now: now() }, signal),
      ),
    listSigningKeyVersions: (id, call) =>
      run(id, call, (signal) => listVersions(vaults, keyPlace(id), signal)),
    destroySigningKeyVersion: (id, call) =>
      run(id, call, (signal) => disableVersion(vaults, keyVersionPlace(id), signal)),

    createEncryptionKey: (vault, name, call) =>
      run(`${vault}/${name}`, call, (signal) =>
        ensureKey(vaults, keyPlace(`${vault}/${name}`), { type: 'encryption', now: now() }, signal),
      ),
    createEncryptionKeyVersion: (id, call) =>
      run(id, call, (signal) =>
        createVersion(vaults, keyPlace(id), { type: 'encryption', now: now() }, signal),
      ),
  }
}
