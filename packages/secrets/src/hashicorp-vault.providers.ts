import { randomBytes } from 'node:crypto'
import { whenConfigured } from '@ens/provider-servers'
import { hashicorpVaultSecretManager } from './hashicorp-vault.ts'
import { secretManagerContract } from './testing/contract.ts'
import { plainSecrets, versionedSecrets } from './testing/vault.ts'

const ENGINES = [
  ['KV v2', 'VAULT_TEST_KV2_MOUNT', versionedSecrets],
  ['KV v1', 'VAULT_TEST_KV1_MOUNT', plainSecrets],
] as const

for (const [engine, variable, secretsIn] of ENGINES) {
  const needed = ['VAULT_ADDR', 'VAULT_TOKEN', variable] as const
  whenConfigured(`HashiCorp Vault secrets, ${engine}`, needed, (variables) => {
    const { VAULT_ADDR: address, VAULT_TOKEN: token } = variables
    const namespace = process.env.VAULT_NAMESPACE
    const manager = hashicorpVaultSecretManager({
      ...{ address, token, namespace, tokenFile: undefined },
      timeoutMs: 30_000,
    })
    const folder = `test-${randomBytes(4).toString('hex')}`
    const { reference, add } = secretsIn(
      { address, token, namespace, mount: variables[variable] },
      folder,
    )
    secretManagerContract(`of Vault, ${engine}`, async (stored) => {
      for (const [name, value] of Object.entries(stored)) await add(name, value)
      return { manager, reference, ...(engine === 'KV v2' && { add }) }
    })
  })
}
