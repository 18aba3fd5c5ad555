import { whenConfigured } from '@ens/provider-servers'
import { awsKmsKeyManager } from './aws-kms.ts'
import { keyManagerContract } from './testing/contract.ts'

// Four keys by id, ARN or alias, of the account or of the server behind AWS_ENDPOINT_URL_KMS: two for signatures
// (ECC_NIST_P256) and two symmetric ones for encryption. Region and credentials come by the usual chain.
whenConfigured(
  'AWS_KMS',
  [
    'TEST_AWS_KMS_SIGNING_KEY',
    'TEST_AWS_KMS_OTHER_SIGNING_KEY',
    'TEST_AWS_KMS_ENCRYPTION_KEY',
    'TEST_AWS_KMS_OTHER_ENCRYPTION_KEY',
  ],
  (keys) => {
    const { AWS_ENDPOINT_URL_KMS: endpoint } = process.env
    keyManagerContract('AWS_KMS', async () => ({
      keyManager: awsKmsKeyManager({ endpoint }),
      parent: 'alias/tests',
      signingKeyVersion: keys.TEST_AWS_KMS_SIGNING_KEY,
      otherSigningKeyVersion: keys.TEST_AWS_KMS_OTHER_SIGNING_KEY,
      encryptionKey: keys.TEST_AWS_KMS_ENCRYPTION_KEY,
      otherEncryptionKey: keys.TEST_AWS_KMS_OTHER_ENCRYPTION_KEY,
    }))
  },
)
