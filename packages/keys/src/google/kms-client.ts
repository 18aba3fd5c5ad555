import { type Calls, type ConnectionOptions, connectionTo, grpcCalls } from '@ens/google'
import { KeyManagementServiceClient } from '@google-cloud/kms'

export type Kms = Calls<KeyManagementServiceClient>

export function kmsClient(options: ConnectionOptions): Kms {
  return grpcCalls('Cloud KMS', () => new KeyManagementServiceClient(connectionTo(options)))
}
