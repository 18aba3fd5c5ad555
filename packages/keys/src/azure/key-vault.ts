import { retrying } from '@ens/azure'
import { EVERY_CAPABILITY } from '../capabilities.ts'
import { guarded } from '../guard.ts'
import type { CallOptions, KeyManager } from '../key-manager.ts'
import { decrypt, encrypt } from './encryption.ts'
import { keyError } from './key-error.ts'
import { keyPlace, keyVersionPlace } from './key-place.ts'
import { createVersion, disableVersion, ensureKey, listVersions } from './key-versions.ts'
import { openSigner } from './signer.ts'
import { type Ask, openVaults, type VaultsOptions } from './vaults.ts'

export interface KeyVaultOptions extends VaultsOptions {
  /** Dates the versions, more finely than Key Vault does. */
  now: () => Date
  /** From 0 to 1, evenly; spreads retries. */
  random: () => number
  /** Longest that one request may take, so that another can be made; see `retrying`. */
  attemptMs?: number
}

/** For callers that give no signal. */
const LONGEST_CALL_MS = 60_000

/**
 * Keys that never leave Key Vault, by ids `VAULT/KEY/VERSION`. Signing keys are P-256, encryption keys RSA with
 * RSA-OAEP-256, which takes no associated data: it is ignored, as by the reference server. Key Vault destroys no single
 * version; here it is disabled, which ends every use of it.
 */
export function keyVaultKeyManager(options: KeyVaultOptions): KeyManager {
  const { now, random, attemptMs } = options
  const vaults = openVaults(options)

  /** One call, of one request or several: with a deadline, its errors translated. */
  function run<T>(
    id: string,
    call: CallOptions | undefined,
    work: (ask: Ask) => Promise<T>,
  ): Promise<T> {
    const signal = call?.signal ?? AbortSignal.timeout(LONGEST_CALL_MS)
    const ask: Ask = (request, options) =>
      retrying({ signal, random, attemptMs, ...options }, request)
    return guarded({ signal }, () => keyError(id, work(ask)))
  }

  return {
    capabilities: { ...EVERY_CAPABILITY, associatedData: false },

    signer: (id, call) => run(id, call, (ask) => openSigner(vaults, keyVersionPlace(id), ask, run)),

    encrypt: (id, plaintext, _aad, call) =>
      run(id, call, (ask) => encrypt(vaults, keyPlace(id), plaintext, ask)),
    decrypt: (id, ciphertext, _aad, call) =>
      run(id, call, (ask) => decrypt(vaults, keyPlace(id), ciphertext, ask)),

    createSigningKey: (vault, name, call) =>
      run(`${vault}/${name}`, call, (ask) =>
        ensureKey(vaults, keyPlace(`${vault}/${name}`), { type: 'signing', now: now() }, ask),
      ),
    createSigningKeyVersion: (id, call) =>
      run(id, call, (ask) =>
        createVersion(vaults, keyPlace(id), { type: 'signing', now: now() }, ask),
      ),
    listSigningKeyVersions: (id, call) =>
      run(id, call, (ask) => listVersions(vaults, keyPlace(id), ask)),
    destroySigningKeyVersion: (id, call) =>
      run(id, call, (ask) => disableVersion(vaults, keyVersionPlace(id), ask)),

    createEncryptionKey: (vault, name, call) =>
      run(`${vault}/${name}`, call, (ask) =>
        ensureKey(vaults, keyPlace(`${vault}/${name}`), { type: 'encryption', now: now() }, ask),
      ),
    createEncryptionKeyVersion: (id, call) =>
      run(id, call, (ask) =>
        createVersion(vaults, keyPlace(id), { type: 'encryption', now: now() }, ask),
      ),
  }
}
