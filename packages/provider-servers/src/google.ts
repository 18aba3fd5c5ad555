import kmsProtos from '@google-cloud/kms/build/protos/protos.json' with { type: 'json' }
import secretProtos from '@google-cloud/secret-manager/build/protos/protos.json' with {
  type: 'json',
}
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { type Access, type Credentials, tokenAccess } from './google/access.ts'
import type { StoredGoogleObject } from './google/bucket.ts'
import { serverCertificate } from './google/certificate.ts'
import type { FaultSwitches } from './google/faults.ts'
import { implementation, type Service, serviceDefinition } from './google/grpc-service.ts'
import { KeyManagementService } from './google/key-management.ts'
import { type MetadataServer, startMetadata } from './google/metadata-server.ts'
import { SecretManagerService } from './google/secret-manager.ts'
import { startStorage } from './google/storage-server.ts'

export { GOOGLE_TEST_CA_FILE, trustGoogleTestServers } from './google/certificate.ts'

export interface GoogleCloudOptions {
  /** The buckets there are; their objects may be downloaded by everybody. */
  buckets?: string[]
  /** Dates key versions. */
  now?: () => Date
  /** Most key versions on a page, whatever the client asks for. */
  pageSize?: number
}

/** Cloud Storage, Cloud KMS and Secret Manager on ports of their own, over TLS (see `trustGoogleTestServers`). */
export interface GoogleCloud {
  /** Contents of a credential file that all three services accept; see `GOOGLE_APPLICATION_CREDENTIALS`. */
  credentials: Credentials
  /** From now on no token that was given out is good. */
  revokeTokens(): void
  /** Has a token that all three accept, for machines without a credential file. */
  metadata: Omit<MetadataServer, 'close'>
  storage: {
    port: number
    /** Also where a device downloads: `<endpoint>/<bucket>/<object>`. */
    endpoint: string
    faults: FaultSwitches
    /** How many requests there were so far, those that failed included; downloads by devices do not count. */
    readonly requests: number
    find(bucket: string, name: string): StoredGoogleObject | undefined
    names(bucket: string): string[]
  }
  kms: { port: number; endpoint: string; faults: FaultSwitches }
  secretManager: {
    port: number
    endpoint: string
    faults: FaultSwitches
    /** Adds a version to `projects/P/secrets/S` and returns its name. */
    add(secret: string, contents: string | Uint8Array): string
    disable(version: string): void
    destroy(version: string): void
    /** Withholds the customer's key that the version is encrypted with. */
    lock(version: string): void
  }
  close(): Promise<void>
}

/** Starts all of it; nothing outlives `close`. */
export async function startGoogleCloud(options: GoogleCloudOptions = {}): Promise<GoogleCloud> {
  const access = tokenAccess()
  const { buckets = [], now = () => new Date(0), pageSize } = options
  const kmsService = new KeyManagementService(pageSize === undefined ? { now } : { now, pageSize })
  const secrets = new SecretManagerService()
  const metadata = await startMetadata(access)
  const storage = await startStorage(access, buckets)
  const kms = await startGrpc(access, kmsService, KMS)
  const secretManager = await startGrpc(access, secrets, SECRET_MANAGER)
  const endpoint = ({ port }: { port: number }) => `https://localhost:${port}`
  return {
    credentials: access.credentials(endpoint(storage)),
    revokeTokens: () => access.revokeTokens(),
    metadata,
    storage: {
      port: storage.port,
      endpoint: endpoint(storage),
      faults: storage.api.faults,
      get requests() {
        return storage.api.requests
      },
      find: (bucket, name) => storage.api.buckets.get(bucket)?.get(name),
      names: (bucket) => [...(storage.api.buckets.get(bucket)?.keys() ?? [])].sort(),
    },
    kms: { port: kms.port, endpoint: endpoint(kms), faults: kmsService.faults },
    secretManager: {
      port: secretManager.port,
      endpoint: endpoint(secretManager),
      faults: secrets.faults,
      add: (secret, contents) => secrets.add(secret, contents),
      disable: (version) => secrets.change(version, 'DISABLED'),
      destroy: (version) => secrets.change(version, 'DESTROYED'),
      lock: (version) => secrets.change(version, 'LOCKED'),
    },
    async close() {
      kms.close()
      secretManager.close()
      await metadata.close()
      await storage.close()
    },
  }
}

const KMS = serviceDefinition(kmsProtos, 'google.cloud.kms.v1.KeyManagementService')
const SECRET_MANAGER = serviceDefinition(
  secretProtos,
  'google.cloud.secretmanager.v1.SecretManagerService',
)

async function startGrpc(
  access: Access,
  service: Service,
  definition: ReturnType<typeof serviceDefinition>,
): Promise<{ port: number; close: () => void }> {
  const server = new Server()
  server.addService(definition, implementation(access, service))
  const { cert, key } = serverCertificate()
  const credentials = ServerCredentials.createSsl(null, [{ cert_chain: cert, private_key: key }])
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return { port, close: () => server.forceShutdown() }
}
