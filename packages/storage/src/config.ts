import { choice, configInvalid, env, flag, optionalText, originIfSet } from '@ens/config'
import { z } from 'zod'
import type { Blobstore } from './blobstore.ts'
import { noopBlobstore } from './noop.ts'

export const storageConfig = z.object({
  blobstore: env(
    'BLOBSTORE',
    choice([
      'GOOGLE_CLOUD_STORAGE',
      'AWS_S3',
      'AZURE_BLOB_STORAGE',
      'FILESYSTEM',
      'NOOP',
      'MEMORY',
    ] as const),
    'Where export files are put. MEMORY is for tests; NOOP is for services that store nothing.',
  ),
  filesystemRoot: env(
    'BLOBSTORE_FILESYSTEM_ROOT',
    optionalText(),
    'Folder that holds the buckets of BLOBSTORE=FILESYSTEM, each a folder that exists. Unset: the working directory.',
  ),
  awsS3Endpoint: env(
    'AWS_ENDPOINT_URL_S3',
    optionalText(),
    'URL of a store that speaks the protocol of S3 and honours its conditional writes, for BLOBSTORE=AWS_S3. Unset: Amazon’s.',
    { fallback: 'AWS_ENDPOINT_URL' },
  ),
  awsS3PathStyle: env(
    'AWS_S3_PATH_STYLE',
    flag(false),
    'Whether AWS_S3 puts the bucket into the path of an address and not into its host name; many stores other than Amazon’s want it.',
  ),
  googleEndpoint: env(
    'GOOGLE_CLOUD_STORAGE_ENDPOINT',
    originIfSet(),
    'Address of BLOBSTORE=GOOGLE_CLOUD_STORAGE, such as a private endpoint. One of http:// is an emulator and is sent no credentials. Unset: storage.googleapis.com.',
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

type Settings = z.output<typeof storageConfig>

/** What a store does not need may be left out. */
export type StorageConfig = Pick<Settings, 'blobstore'> & Partial<Settings>

/** Opens the blob store that the configuration names; only its code is loaded. */
export async function openBlobstore(config: StorageConfig): Promise<Blobstore> {
  switch (config.blobstore) {
    case 'AWS_S3': {
      const { openAwsS3 } = await import('./aws-s3.ts')
      const { awsS3Endpoint: endpoint, awsS3PathStyle: pathStyle = false } = config
      return openAwsS3({ endpoint, pathStyle })
    }
    case 'GOOGLE_CLOUD_STORAGE': {
      const { googleCloudStorage } = await import('./google/google-cloud-storage.ts')
      const { googleEndpoint: endpoint } = config
      return googleCloudStorage(endpoint === undefined ? {} : { endpoint })
    }
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

function requireAccount(azure: Partial<Settings['azure']> = {}) {
  const { account, ...others } = azure
  if (account !== undefined) return { account, ...others }
  throw configInvalid('AZURE_STORAGE_ACCOUNT: required with BLOBSTORE=AZURE_BLOB_STORAGE')
}
