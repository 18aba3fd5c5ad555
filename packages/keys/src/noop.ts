import { NO_CAPABILITY } from './capabilities.ts'
import { noKeyManager } from './errors.ts'
import type { KeyManager } from './key-manager.ts'

/** For services that need no keys: every operation fails with `no_key_manager`. */
export function noopKeyManager(): KeyManager {
  const refuse = async (): Promise<never> => {
    throw noKeyManager('this service was started with KEY_MANAGER=NOOP; choose a key manager')
  }
  return {
    capabilities: NO_CAPABILITY,
    signer: refuse,
    encrypt: refuse,
    decrypt: refuse,
    createSigningKey: refuse,
    createSigningKeyVersion: refuse,
    listSigningKeyVersions: refuse,
    destroySigningKeyVersion: refuse,
    createEncryptionKey: refuse,
    createEncryptionKeyVersion: refuse,
  }
}
