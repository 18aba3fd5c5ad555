import { choice, configInvalid, env, optionalText } from '@ens/config'
import { z } from 'zod'
import type { Blobstore } from './blobstore.ts'
import { noopBlobstore } from './noop.ts'

export const storageConfig = z.object({
  blobstore: env(
    'BLOBSTORE',
    choice(['AZURE_BLOB_STORAGE', 'FILESYSTEM', 'NOOP', 'MEMORY'] as const),
    'Where export files are put. MEMORY is for tests; NOOP is for services that store nothing.',
  ),
  filesystemRoot: env(
    'BLOBSTORE_FILESYSTEM_ROOT',
    optionalText(),
    'Folder that holds the buckets of BLOBSTORE=FILESYSTEM, each a folder that exists. Unset: the working directory.',
  ),
  azure: z.object({
    account: env(
      'AZURE_STORAGE_ACCOUNT',
      optionalText(),
      'Storage account of BLOBSTORE=AZURE_BLOB_STORAGE, which needs it; buckets are its containers.',
    ),
    accessKey: env(
      'AZURE_STORAGE_ACCESS_KEY',
      optionalText(),
      "Access key of the account. Unset: Azure's usual chain, such as a managed identity.",
      { secret: true },
    ),
    endpoint: env(
      'AZURE_STORAGE_SERVICE_ENDPOINT',
      optionalText()
        .refine((url) => url === undefined || URL.canParse(url), 'not a URL')
        .transform((url) => url),
      'Address of its blobs, of another cloud or of Azurite. Unset: `https://ACCOUNT.blob.core.windows.net`.',
    ),
  }),
})

export type StorageConfig = z.output<typeof storageConfig>

/** Opens the blob store that the configuration names; only its code is loaded. */
export async function openBlobstore(
  config: Pick<StorageConfig, 'blobstore'> & Partial<StorageConfig>,
): Promise<Blobstore> {
  switch (config.blobstore) {
    case 'AZURE_BLOB_STORAGE': {
      const { azureBlobstore } = await import('./azure/blob-storage.ts')
      return azureBlobstore({ ...requireAccount(config.azure), random: Math.random })
    }
    case 'FILESYSTEM': {
      const { filesystemBlobstore } = await import('./filesystem.ts')
      return filesystemBlobstore(config.filesystemRoot ?? '')
    }
    case 'MEMORY': {
      const { memoryBlobstore } = await import('./memory.ts')
      return memoryBlobstore()
    }
    case 'NOOP':
      return noopBlobstore()
  }
}

function requireAccount(azure: Partial<StorageConfig['azure']> = {}) {
  const { account, ...others } = azure
  if (account !== undefined) return { account, ...others }
  throw configInvalid('AZURE_STORAGE_ACCOUNT: required with BLOBSTORE=AZURE_BLOB_STORAGE')
}
