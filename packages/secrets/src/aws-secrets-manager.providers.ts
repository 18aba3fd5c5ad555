import { randomUUID } from 'node:crypto'
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { whenConfigured } from '@ens/provider-servers'
import { afterAll } from 'vitest'
import { awsSecretManager } from './aws-secrets-manager.ts'
import type { SecretValue } from './secret-manager.ts'
import { secretManagerContract } from './testing/contract.ts'

// TEST_AWS_SECRETS_MANAGER=1 has secrets made, and deleted afterwards, in the account or in the server behind
// AWS_ENDPOINT_URL_SECRETS_MANAGER, below a prefix of the run. Region and credentials come by the usual chain.
whenConfigured('AWS_SECRETS_MANAGER', ['TEST_AWS_SECRETS_MANAGER'], () => {
  const { AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint } = process.env
  const client = new SecretsManagerClient({ ...(endpoint && { endpoint }) })
  const prefix = `ens-tests/${randomUUID()}/`
  const made = new Set<string>()

  /** Returns the id of the version. */
  async function store(name: string, value: SecretValue): Promise<string> {
    const content = typeof value === 'string' ? { SecretString: value } : { SecretBinary: value }
    const SecretId = prefix + name
    const { VersionId } = made.has(SecretId)
      ? await client.send(new PutSecretValueCommand({ SecretId, ...content }))
      : await client.send(new CreateSecretCommand({ Name: SecretId, ...content }))
    made.add(SecretId)
    return VersionId ?? ''
  }

  afterAll(async () => {
    for (const SecretId of made)
      await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }))
  })

  secretManagerContract('AWS_SECRETS_MANAGER', async (stored) => {
    for (const [name, value] of Object.entries(stored)) await store(name, value)
    return {
      manager: awsSecretManager({ endpoint }),
      reference: (name) => prefix + name,
      add: async (name, value) => `${prefix}${name}@${await store(name, value)}`,
      binary: true,
    }
  })
})
