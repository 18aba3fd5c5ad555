import { DEFAULT_VAULT_ENDPOINT, defaultCredential, vaultEndpoint } from '@ens/azure'
import { choice, env, optionalText } from '@ens/config'
import { z } from 'zod'
import type { KeyManager } from './key-manager.ts'
import { noopKeyManager } from './noop.ts'

export const keysConfig = z.object({
  keyManager: env(
    'KEY_MANAGER',
    choice(['AZURE_KEY_VAULT', 'FILESYSTEM', 'NOOP', 'MEMORY'] as const),
    'Where signing and encryption keys are kept. MEMORY is for tests; NOOP is for services that need no key.',
  ),
  filesystemRoot: env(
    'KEY_FILESYSTEM_ROOT',
    optionalText(),
    'Folder of the keys of KEY_MANAGER=FILESYSTEM; made if missing. Unset: the working directory.',
  ),
  azureEndpoint: vaultEndpoint,
})

export type KeysConfig = z.output<typeof keysConfig>

/** Opens the key manager that the configuration names; only its code is loaded. */
export async function openKeyManager(
  config: Pick<KeysConfig, 'keyManager'> & Partial<KeysConfig>,
  // eslint-disable-next-line no-restricted-syntax -- it only names key versions; wiring may leave it out
  now: () => Date = () => new Date(),
): Promise<KeyManager> {
  switch (config.keyManager) {
    case 'AZURE_KEY_VAULT': {
      const { keyVaultKeyManager } = await import('./azure/key-vault.ts')
      const credential = await defaultCredential()
      const endpoint = config.azureEndpoint ?? DEFAULT_VAULT_ENDPOINT
      return keyVaultKeyManager({ endpoint, credential, now, random: Math.random })
    }
    case 'FILESYSTEM': {
      const { filesystemKeyManager } = await import('./filesystem.ts')
      return filesystemKeyManager({ root: config.filesystemRoot ?? '', now })
    }
    case 'MEMORY': {
      const { memoryKeyManager } = await import('./memory.ts')
      return memoryKeyManager({ now })
    }
    case 'NOOP':
      return noopKeyManager()
  }
}
