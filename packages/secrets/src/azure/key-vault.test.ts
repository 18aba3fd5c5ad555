import { inspect } from 'node:util'
import { SecretClient } from '@azure/keyvault-secrets'
import { type FaultyLink, faultyLink, hugeAnswer, runModule } from '@ens/provider-servers'
import { certificate, type KeyVaultServer, startKeyVault } from '@ens/provider-servers/azure'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { SecretManager } from '../secret-manager.ts'
import { secretManagerContract } from '../testing/contract.ts'
import { keyVaultSecretManager } from './key-vault.ts'

let server: KeyVaultServer
let link: FaultyLink
let client: SecretClient
beforeAll(async () => {
  server = await startKeyVault()
  link = await faultyLink({ port: server.port })
  client = new SecretClient(server.url, server.credential, {
    disableChallengeResourceVerification: true,
    tlsOptions: { ca: server.ca },
  })
})
afterAll(async () => {
  await link.close()
  await server.close()
})
afterEach(() => {
  server.forbid(false)
  server.throttle(429, 0)
  link.mend()
})

/** Retries at once. */
const random = () => 0

function managerAt(
  { port }: { port: number },
  times: { timeoutMs?: number; attemptMs?: number } = {},
): SecretManager {
  const { ca, credential } = server
  const endpoint = `https://127.0.0.1:${port}`
  return keyVaultSecretManager({ endpoint, credential, ca, random, ...times })
}

secretManagerContract('of Azure', async (stored) => {
  for (const [name, value] of Object.entries(stored)) await client.setSecret(name, value)
  const manager = managerAt(server)
  return { get: (name) => manager.get(`vault/${name}`) }
})

describe('a version of a secret', () => {
  test('is the newest, or the one that the reference names', async () => {
    const { properties } = await client.setSecret('rotated', 'old')
    const version = String(properties.version)
    await client.setSecret('rotated', 'new')
    const manager = managerAt(server)
    expect(await manager.get('vault/rotated')).toBe('new')
    expect(await manager.get(`vault/rotated/${version}`)).toBe('old')
    expect(await manager.get(`vault/rotated@${version}`)).toBe('old')
  })

  test('that is not there is not replaced by another', async () => {
    await client.setSecret('of-one-version', 'value')
    const attempt = managerAt(server).get(`vault/of-one-version/${'0'.repeat(32)}`)
    await expect(attempt).rejects.toMatchObject({ code: 'secret_not_found' })
  })

  test('that is disabled is not given out', async () => {
    const { properties } = await client.setSecret('disabled', 'value')
    await client.updateSecretProperties('disabled', properties.version ?? '', { enabled: false })
    await expect(managerAt(server).get('vault/disabled')).rejects.toMatchObject({
      code: 'secret_not_found',
      message: expect.stringContaining('is disabled'),
    })
  })
})

describe('a vault in trouble', () => {
  test.each([429, 503] as const)('is asked again after a %i', async (status) => {
    await client.setSecret('throttled', 'value')
    server.throttle(status, 4)
    expect(await managerAt(server).get('vault/throttled')).toBe('value')
  })

  test('is not asked for ever', async () => {
    server.throttle(503, 1_000)
    await expect(managerAt(server).get('vault/any')).rejects.toMatchObject({
      code: 'secret_manager_unavailable',
      cause: { message: expect.stringContaining('503 ServiceUnavailable') },
    })
  })

  test('that refuses us says which secret may not be read, and holds no token', async () => {
    await client.setSecret('forbidden', 'a value that nobody may see')
    server.forbid(true)
    const attempt = managerAt(server).get('vault/forbidden')
    const error = await attempt.catch((error: unknown) => error)
    expect(error).toMatchObject({
      code: 'secret_access_denied',
      message: 'the secret vault/forbidden may not be read',
    })
    const everything = inspect(error, { depth: 10, showHidden: true })
    expect(everything).not.toMatch(/Bearer|authorization|a value/i)
  })

  test('that takes no token of ours, or for which there is none, refuses us', async () => {
    const stale = async () => ({ token: 'stale', expiresOnTimestamp: 1e15 })
    const none = () => Promise.reject(Object.assign(new Error(), { name: 'AuthenticationError' }))
    for (const getToken of [stale, none]) {
      const { ca, url: endpoint } = server
      const stranger = keyVaultSecretManager({ endpoint, credential: { getToken }, ca, random })
      const attempt = stranger.get('vault/any')
      await expect(attempt).rejects.toMatchObject({ code: 'secret_access_denied' })
    }
  })

  test('whose answer is cut is asked again', async () => {
    await client.setSecret('cut', 'value')
    link.cutAnswerAfter(200)
    expect(await managerAt(link).get('vault/cut')).toBe('value')
  })

  test('that hangs once is asked again within the deadline', async () => {
    await client.setSecret('hung', 'value')
    const manager = managerAt(link, { timeoutMs: 20_000, attemptMs: 1_000 })
    link.hangNext()
    expect(await manager.get('vault/hung')).toBe('value')
  })

  test('whose answer nobody can hold is not read to its end', async () => {
    const tls = { key: await certificate('server.key'), cert: await certificate('server.pem') }
    const huge = await hugeAnswer({ tls, headers: { 'content-type': 'application/json' } })
    onTestFinished(() => huge.close())
    const attempt = managerAt(huge).get('vault/any')
    await expect(attempt).rejects.toMatchObject({ code: 'secret_too_large', kind: 'internal' })
    expect(await huge.hungUp).toBeLessThan(20_000_000)
    expect(huge.requests()).toBe(1)
  })

  test('that hangs keeps nobody waiting for ever', async () => {
    link.hang()
    const attempt = managerAt(link, { timeoutMs: 100 }).get('vault/any')
    await expect(attempt).rejects.toMatchObject({ code: 'secret_manager_unavailable' })
  })
})

const open = (variables: object, then: string) => `
  const { openSecretManager, secretsConfig } = await import('@ens/secrets')
  const { loadConfig } = await import('@ens/config')
  const config = loadConfig(secretsConfig, ${JSON.stringify(variables)})
  const manager = await openSecretManager(config, () => new Date())
  ${then}`

describe('chosen by its setting', () => {
  test("it signs in by the platform's usual chain", async () => {
    await client.setSecret('by-managed-identity', 'value')
    const variables = { ...server.variables, NODE_EXTRA_CA_CERTS: server.caFile }
    const settings = { SECRET_MANAGER: 'AZURE_KEY_VAULT', AZURE_KEY_VAULT_ENDPOINT: server.url }
    const code = open(settings, `return manager.get('vault/by-managed-identity')`)
    const { result } = await runModule(code, { folder: import.meta.dirname, variables })
    expect(result).toBe('value')
  })

  test('it is loaded, and by no other setting', async () => {
    const code = open({ SECRET_MANAGER: 'FILESYSTEM' }, '')
    const { loaded } = await runModule(code, { folder: import.meta.dirname })
    expect(loaded.filter((url) => url.includes('/@azure/'))).toEqual([])
    expect(loaded.filter((url) => url.endsWith('/secrets/src/filesystem.ts'))).toHaveLength(1)
  })
})
