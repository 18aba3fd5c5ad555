import { open } from 'node:fs/promises'
import type { Origin } from './cdn.ts'
import type { LocalConfig } from './config.ts'
import { DEMO } from './demo-configuration.ts'
import { describeEnd } from './describe-end.ts'
import type { Fleet } from './fleet.ts'
import { type LocalFolder, rotateLog } from './folder.ts'
import { folderOrigin, storeOrigin } from './origins.ts'

/** Where a fleet on one machine puts its archives. */
export interface LocalBlobs {
  /** Settings of the services that store. */
  variables: Record<string, string>
  /** What the CDN stands in front of. */
  origin: Origin
  /** The store's own address; undefined for a folder. */
  url?: string
}

interface BlobsDeps {
  config: LocalConfig
  folder: LocalFolder
  fleet: Fleet
}

/** A folder, or Azurite in the place of Azure Blob Storage: loaded and started only then. */
export async function openBlobs(deps: BlobsDeps): Promise<LocalBlobs> {
  switch (deps.config.blobstore) {
    case 'FILESYSTEM':
      return folderOfBlobs(deps.folder.blobs)
    case 'AZURE_BLOB_STORAGE':
      return azurite(deps)
  }
}

function folderOfBlobs(root: string): LocalBlobs {
  return {
    variables: { BLOBSTORE: 'FILESYSTEM', BLOBSTORE_FILESYSTEM_ROOT: root },
    origin: folderOrigin(root),
  }
}

async function azurite({ config, folder, fleet }: BlobsDeps): Promise<LocalBlobs> {
  const { startAzurite } = await import('@ens/provider-servers/azure')
  const logFile = folder.logOf('azurite')
  await rotateLog(logFile)
  const log = await open(logFile, 'a', 0o600)
  const server = await startAzurite({
    folder: folder.blobs,
    port: config.azuritePort,
    output: log.fd,
  }).finally(() => log.close())
  const ended = server.ended.then((code) => describeEnd('Azurite', code ?? 1, logFile))
  fleet.add({ name: 'azurite', ended, stop: () => server.stop() })
  await server.createContainer(DEMO.bucket)
  return {
    variables: {
      BLOBSTORE: 'AZURE_BLOB_STORAGE',
      AZURE_STORAGE_ACCOUNT: server.account,
      AZURE_STORAGE_ACCESS_KEY: server.accessKey,
      AZURE_STORAGE_SERVICE_ENDPOINT: server.endpoint,
    },
    origin: storeOrigin(server.endpoint),
    url: server.endpoint,
  }
}
