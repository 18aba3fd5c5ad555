import { whenConfigured } from '@ens/provider-servers'
import { keyManagerContract } from '../testing/contract.ts'
import { googleCloudKms } from './google-cloud-kms.ts'

// A key ring of a real account (projects/P/locations/L/keyRings/R), by the credentials of the machine. What is made there stays.

whenConfigured('Google Cloud KMS', ['GOOGLE_TEST_KEY_RING'], ({ GOOGLE_TEST_KEY_RING: parent }) => {
  const endpoint = process.env.GOOGLE_CLOUD_KMS_ENDPOINT || undefined
  const createHsmKeys = process.env.CREATE_HSM_KEYS === 'true'

  keyManagerContract('of Google, elsewhere', async () => ({
    keyManager: googleCloudKms({ endpoint, createHsmKeys }),
    parent,
    missingSigningKeyVersion: `${parent}/cryptoKeys/missing/cryptoKeyVersions/1`,
    missingKey: `${parent}/cryptoKeys/missing`,
  }))
})
