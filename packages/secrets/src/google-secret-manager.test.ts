import { fileURLToPath } from 'node:url'
import { type FaultyLink, faultyLink, runModule } from '@ens/provider-servers'
import {
  GOOGLE_TEST_CA_FILE,
  type GoogleCloud,
  startGoogleCloud,
  trustGoogleTestServers,
} from '@ens/provider-servers/google'
import { IdentityPoolClient } from 'google-auth-library'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { googleSecretManager } from './google-secret-manager.ts'
import type { SecretManager } from './secret-manager.ts'
import { secretManagerContract } from './testing/contract.ts'

const NAMES = 'projects/test/secrets'

let cloud: GoogleCloud
let link: FaultyLink
let manager: SecretManager
beforeAll(async () => {
  trustGoogleTestServers()
  cloud = await startGoogleCloud()
  link = await faultyLink({ port: cloud.secretManager.port })
  manager = managerAt(`https://localhost:${link.port}`)
})
afterEach(recover)
afterAll(async () => {
  await link.close()
  await cloud.close()
})

function recover(): void {
  link.mend()
  cloud.secretManager.faults.recover()
}

function managerAt(endpoint: string): SecretManager {
  return googleSecretManager({ endpoint, authClient: new IdentityPoolClient(cloud.credentials) })
}

secretManagerContract('of Google', async (stored) => {
  for (const [name, value] of Object.entries(stored)) {
    cloud.secretManager.add(`${NAMES}/${name}`, value)
  }
  return {
    manager,
    reference: (name) => `${NAMES}/${name}`,
    add: async (name, value) => cloud.secretManager.add(`${NAMES}/${name}`, value),
    binary: true,
    faults: {
      refuse: () => cloud.secretManager.faults.refusePermission(),
      throttle: (calls) => cloud.secretManager.faults.throttle(calls),
      cut: () => link.cutAnswerAfter(1),
      hang: () => link.hang(),
      mend: recover,
    },
  }
})

test('a name without a version is the latest, and may say so', async () => {
  cloud.secretManager.add(`${NAMES}/named`, 'one')
  cloud.secretManager.add(`${NAMES}/named`, 'two')
  expect(await manager.get(`${NAMES}/named`)).toBe('two')
  expect(await manager.get(`${NAMES}/named/versions/latest`)).toBe('two')
  expect(await manager.get(`${NAMES}/named/versions/1`)).toBe('one')
})

test.each(['disable', 'destroy'] as const)('a version is not found after %s', async (end) => {
  const version = cloud.secretManager.add(`${NAMES}/${end}`, 'no longer')
  cloud.secretManager[end](version)
  await expect(manager.get(version)).rejects.toMatchObject({ code: 'secret_not_found' })
})

test('a version whose key is withheld is there, and cannot be had', async () => {
  const version = cloud.secretManager.add(`${NAMES}/locked`, 'still')
  cloud.secretManager.lock(version)
  await expect(manager.get(version)).rejects.toMatchObject({ code: 'secret_manager_unavailable' })
})

test('a machine whose metadata server was not found at first is not without for good', async () => {
  const version = cloud.secretManager.add(`${NAMES}/on-machine`, 'found')
  cloud.metadata.breakDown(1)
  const manager = JSON.stringify(
    fileURLToPath(new URL('google-secret-manager.ts', import.meta.url)),
  )
  const code = `
    const { googleSecretManager } = await import(${manager})
    const manager = googleSecretManager({ endpoint: ${JSON.stringify(cloud.secretManager.endpoint)} })
    const get = () => manager.get(${JSON.stringify(version)})
    return [await get().catch(({ code }) => code), await get()]`
  const { result } = await runModule(code, {
    folder: import.meta.dirname,
    variables: {
      ...{ GCE_METADATA_HOST: cloud.metadata.host, GOOGLE_CLOUD_PROJECT: 'test' },
      ...{ NODE_EXTRA_CA_CERTS: GOOGLE_TEST_CA_FILE, HOME: '/nowhere' }, // no credentials in a file
    },
  })
  expect(result).toEqual(['secret_access_denied', 'found'])
})

test('a secret that changed on the way is not taken for one, nor quoted', async () => {
  const version = cloud.secretManager.add(`${NAMES}/flipped`, 'hunter2')
  cloud.secretManager.faults.corruptAnswers()
  const error = await manager.get(version).catch((reason) => reason)
  expect(error).toMatchObject({ code: 'secret_manager_unavailable' })
  expect(String(error)).not.toContain('unter2')
})

test('credentials that are refused are told apart from an outage', async () => {
  const source = { ...cloud.credentials.credential_source, headers: { 'x-secret': 'wrong' } }
  const authClient = new IdentityPoolClient({ ...cloud.credentials, credential_source: source })
  const refused = googleSecretManager({ endpoint: cloud.secretManager.endpoint, authClient })
  const attempt = refused.get(`${NAMES}/plain-secret`)
  await expect(attempt).rejects.toMatchObject({ code: 'secret_access_denied' })
})
