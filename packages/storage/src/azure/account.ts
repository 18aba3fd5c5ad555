import {
  BlobServiceClient,
  type BlockBlobClient,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { defaultCredential, type TokenCredential } from '@ens/azure'
import { invalidBucketName } from '../errors.ts'

export interface AccountOptions {
  account: string
  /** Base64; without it, the credential is used, or the platform's usual chain. */
  accessKey?: string | undefined
  credential?: TokenCredential
  /** Of the account's blobs; without it, that of the public cloud. */
  endpoint?: string | undefined
}

/** 3 to 63 lower-case letters, digits and single hyphens; or one of the containers that Azure makes itself. */
const CONTAINER_NAME = /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$|^\$(root|web)$/

/** Where objects are. The SDK's own retries, which have no jitter, are off. */
export async function openAccount(
  options: AccountOptions,
): Promise<(bucket: string, name: string) => BlockBlobClient> {
  const { account, endpoint = `https://${account}.blob.core.windows.net` } = options
  const service = new BlobServiceClient(endpoint, await credentialOf(options), {
    retryOptions: { maxTries: 1 },
  })
  return (bucket, name) => {
    if (CONTAINER_NAME.test(bucket))
      return service.getContainerClient(bucket).getBlockBlobClient(name)
    throw invalidBucketName(
      `${JSON.stringify(bucket)} cannot be a container of Azure: 3 to 63 of a-z, 0-9 and single hyphens`,
    )
  }
}

async function credentialOf({ account, accessKey, credential }: AccountOptions) {
  if (accessKey !== undefined) return new StorageSharedKeyCredential(account, accessKey)
  return credential ?? (await defaultCredential())
}
