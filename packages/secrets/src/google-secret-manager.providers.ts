import { randomBytes } from 'node:crypto'
import { connectionTo } from '@ens/google'
import { whenConfigured } from '@ens/provider-servers'
import { SecretManagerServiceClient } from '@google-cloud/secret-manager'
import { afterAll } from 'vitest'
import { googleSecretManager } from './google-secret-manager.ts'
import type { SecretValue } from './secret-manager.ts'
import { secretManagerContract } from './testing/contract.ts'

// A real account (projects/P), by the credentials of the machine. The secrets that are made there are deleted afterwards.

whenConfigured('Google Secret Manager', ['GOOGLE_TEST_PROJECT'], ({ GOOGLE_TEST_PROJECT }) => {
  const endpoint = process.env.GOOGLE_SECRET_MANAGER_ENDPOINT || undefined
  const client = new SecretManagerServiceClient(connectionTo({ endpoint }))
  const parent = `projects/${GOOGLE_TEST_PROJECT}`
  const run = randomBytes(4).toString('hex')
  const made = new Set<string>()
  const reference = (name: string) => `${parent}/secrets/test-${run}-${name}`

  async function add(name: string, value: SecretValue): Promise<string> {
    const secret = reference(name)
    if (!made.has(secret)) {
      const secretId = `test-${run}-${name}`
      const replication = { automatic: {} }
      await client.createSecret({ parent, secretId, secret: { replication } })
      made.add(secret)
    }
    const payload = { data: Buffer.from(value as string) }
    const [version] = await client.addSecretVersion({ parent: secret, payload })
    return version.name ?? ''
  }

  secretManagerContract('of Google, elsewhere', async (stored) => {
    for (const [name, value] of Object.entries(stored)) await add(name, value)
    return { manager: googleSecretManager({ endpoint }), reference, add, binary: true }
  })

  afterAll(async () => {
    for (const name of made) await client.deleteSecret({ name })
  })
})
