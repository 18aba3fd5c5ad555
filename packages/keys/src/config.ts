import { DEFAULT_VAULT_ENDPOINT, defaultCredential, vaultEndpoint } from '@ens/azure'
import { choice, env, flag, optionalText, originIfSet } from '@ens/config'
import { vaultConfig } from '@ens/vault/config'
import { z } from 'zod'
import type { KeyManager } from './key-manager.ts'
import { noopKeyManager } from './noop.ts'

export const keysConfig = z.object({
  keyManager: env(
    'KEY_MANAGER',
    choice([
      'GOOGLE_CLOUD_KMS',
      'AWS_KMS',
      'AZURE_KEY_VAULT',
      'HASHICORP_VAULT',
      'FILESYSTEM',
      'NOOP',
      'MEMORY',
    ] as const),
    'Where signing and encryption keys are kept. MEMORY is for tests; NOOP is for services that need no key.',
  ),
  filesystemRoot: env(
    'KEY_FILESYSTEM_ROOT',
    optionalText(),
    'Folder of the keys of KEY_MANAGER=FILESYSTEM; made if missing. Unset: the working directory.',
  ),
  createHsmKeys: env(
    'CREATE_HSM_KEYS',
    flag(true),
    'Whether new keys of KEY_MANAGER=GOOGLE_CLOUD_KMS are kept in hardware (Cloud HSM) rather than in software.',
  ),
  googleEndpoint: env(
    'GOOGLE_CLOUD_KMS_ENDPOINT',
    originIfSet(),
    'Address of KEY_MANAGER=GOOGLE_CLOUD_KMS, such as a private endpoint. One of http:// is an emulator and is sent no credentials. Unset: cloudkms.googleapis.com.',
  ),
  vault: vaultConfig,
  awsKmsEndpoint: env(
    'AWS_ENDPOINT_URL_KMS',
    optionalText(),
    'URL of a server that speaks the protocol of AWS KMS, for KEY_MANAGER=AWS_KMS. Unset: Amazon’s.',
    { fallback: 'AWS_ENDPOINT_URL' },
  ),
  azureEndpoint: vaultEndpoint,
})

type EverySetting = z.output<typeof keysConfig>

/** Settings of providers that are not chosen may be left out. */
export type KeysConfig = Pick<EverySetting, 'keyManager' | 'filesystemRoot'> & Partial<EverySetting>

/** Opens the key manager that the configuration names; only its code is loaded. */
export async function openKeyManager(
  config: Pick<KeysConfig, 'keyManager'> & Partial<KeysConfig>,
  // eslint-disable-next-line no-restricted-syntax -- it only names key versions; wiring may leave it out
  now: () => Date = () => new Date(),
): Promise<KeyManager> {
  switch (config.keyManager) {
    case 'AWS_KMS': {
      const { openAwsKms } = await import('./aws-kms.ts')
      return openAwsKms({ endpoint: config.awsKmsEndpoint })
    }
    case 'GOOGLE_CLOUD_KMS': {
      const { googleCloudKms } = await import('./google/google-cloud-kms.ts')
      const { createHsmKeys = true, googleEndpoint: endpoint } = config
      return googleCloudKms({ createHsmKeys, ...(endpoint !== undefined && { endpoint }) })
    }
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
    case 'HASHICORP_VAULT': {
      const { hashicorpVaultKeyManager } = await import('./hashicorp-vault.ts')
      return hashicorpVaultKeyManager(config.vault)
    }
    case 'MEMORY': {
      const { memoryKeyManager } = await import('./memory.ts')
      return memoryKeyManager({ now })
    }
    case 'NOOP':
      return noopKeyManager()
  }
}
