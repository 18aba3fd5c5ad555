import { mkdtemp, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faultyLink, hugeAnswer, runModule } from '@ens/provider-servers'
import { vaultServer } from '@ens/provider-servers/vault'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { expandingSecretManager } from './expand.ts'
import { hashicorpVaultSecretManager } from './hashicorp-vault.ts'
import { secretManagerContract } from './testing/contract.ts'
import { plainSecrets, versionedSecrets } from './testing/vault.ts'

const server = await vaultServer()
const link = await faultyLink({ port: server.port })
afterAll(async () => {
  await link.close()
  await server.close()
})

const settings = {
  address: `http://127.0.0.1:${link.port}`,
  token: server.token,
  tokenFile: undefined,
  namespace: undefined,
  timeoutMs: 30_000,
}
const manager = hashicorpVaultSecretManager(settings)
const place = { address: server.url, token: server.token }
const versioned = versionedSecrets({ ...place, mount: 'secret' }, 'system')
const plain = plainSecrets({ ...place, mount: 'kv' }, 'system')

const faults = {
  refuse: server.refuse,
  throttle: (calls: number) => server.throttle(calls),
  cut: () => link.cutAnswerAfter(30),
  hang: link.hang,
  mend() {
    server.mend()
    link.mend()
  },
}

secretManagerContract('of Vault, KV v2', async (stored) => {
  for (const [name, value] of Object.entries(stored)) await versioned.add(name, value)
  return { manager, ...versioned, faults }
})

secretManagerContract('of Vault, KV v1', async (stored) => {
  for (const [name, value] of Object.entries(stored)) await plain.add(name, value)
  return { manager, reference: plain.reference, faults }
})

const write = (path: string, body: object) =>
  fetch(`${server.url}/v1/${path}`, {
    method: 'POST',
    headers: { 'x-vault-token': server.token },
    body: JSON.stringify(body),
  })

test.each([
  ['has no key "value"', 'secret/data/other', { data: { password: 'x' } }],
  ['holds a number', 'secret/data/number', { data: { value: 5 } }],
  ['holds an object', 'kv/object', { value: { a: 'b' } }],
])('a secret that %s is not found, and its value is not told', async (_, path, body) => {
  await write(path, body)
  const message = expect.stringContaining('no text under the key "value"')
  await expect(manager.get(path)).rejects.toMatchObject({ code: 'secret_not_found', message })
})

test('a secret that was deleted is not found, though its older version is', async () => {
  const first = await versioned.add('deleted', 'one')
  await versioned.add('deleted', 'two')
  const path = versioned.reference('deleted')
  const headers = { 'x-vault-token': server.token }
  await fetch(`${server.url}/v1/${path}`, { method: 'DELETE', headers })
  await expect(manager.get(path)).rejects.toMatchObject({ code: 'secret_not_found' })
  expect(await manager.get(first)).toBe('one')
})

test('an answer that nobody can hold is not read to its end, and not asked for again', async () => {
  const huge = await hugeAnswer()
  onTestFinished(() => huge.close())
  const address = `http://127.0.0.1:${huge.port}`
  const attempt = hashicorpVaultSecretManager({ ...settings, address }).get('secret/data/huge')
  await expect(attempt).rejects.toMatchObject({ code: 'secret_too_large', kind: 'internal' })
  expect(await huge.hungUp).toBeLessThan(20_000_000)
  expect(huge.requests()).toBe(1)
})

test('a version cannot be pinned where none is kept', async () => {
  const path = await plain.add('unversioned', 'x')
  const attempt = manager.get(`${path}?version=1`)
  await expect(attempt).rejects.toThrow('its engine keeps none')
})

test.each([
  'secret/data/x?version=0',
  'secret/data/x?list=true',
  'secret/data/x#y',
  'sys/../x',
  'a%2fb',
])('%j is no name, and reaches no server', async (name) => {
  const before = server.requests
  await expect(manager.get(name)).rejects.toMatchObject({ code: 'secret_not_found' })
  expect(server.requests).toBe(before)
})

test('a text inside a pinned version of a JSON secret', async () => {
  const pinned = await versioned.add('json', '{"password":"hunter2"}')
  await versioned.add('json', '{}')
  expect(await expandingSecretManager(manager).get(`${pinned}.password`)).toBe('hunter2')
})

describe('the token', () => {
  test('is taken from the file as it is now, as Vault Agent replaces it', async () => {
    const path = await versioned.add('for-agent', 'x')
    const tokenFile = join(await mkdtemp(join(tmpdir(), 'vault ')), 'token')
    await writeFile(tokenFile, 'hvs.expired\n')
    const agent = hashicorpVaultSecretManager({ ...settings, token: undefined, tokenFile })
    await expect(agent.get(path)).rejects.toMatchObject({ code: 'secret_access_denied' })
    await writeFile(`${tokenFile}.new`, `${server.token}\n`)
    await rename(`${tokenFile}.new`, tokenFile)
    expect(await agent.get(path)).toBe('x')
  })

  test('that is none is never quoted', async () => {
    const token = 'hvs.secret\nx-injected: 1'
    expect(() => hashicorpVaultSecretManager({ ...settings, token })).toThrow(
      'VAULT_TOKEN: holds characters that no token has',
    )
  })
})

test.each([
  undefined,
  'vault.example:8200',
  'ftp://vault.example',
  'https://user:secret@vault.example',
])('an address that is none stops the start: %s', (address) => {
  expect(() => hashicorpVaultSecretManager({ ...settings, address })).toThrow(
    /^VAULT_ADDR: (?!.*secret@)/,
  )
})

describe('chosen by its setting', () => {
  const VAULT = /\/vault\/src\/(?!config\.ts)|\/hashicorp-vault/
  const run = (variables: Record<string, string>) => {
    const code = `
      const { openSecretManager, secretsConfig } = await import('@ens/secrets')
      const { loadConfig } = await import('@ens/config')
      const config = loadConfig(secretsConfig, process.env)
      const manager = await openSecretManager(config, () => new Date())
      return manager.get('secret/data/system/chosen').catch(({ code }) => code)`
    return runModule(code, { folder: import.meta.dirname, variables })
  }

  test('it finds its server and token in the environment, and is loaded', async () => {
    await versioned.add('chosen', 'hunter2')
    const { result, loaded } = await run({
      SECRET_MANAGER: 'HASHICORP_VAULT',
      VAULT_ADDR: server.url,
      VAULT_TOKEN: server.token,
    })
    expect(result).toBe('hunter2')
    expect(loaded.some((url) => VAULT.test(url))).toBe(true)
  })

  test.each(['FILESYSTEM', 'IN_MEMORY'])('%s loads nothing of it', async (chosen) => {
    const { result, loaded } = await run({ SECRET_MANAGER: chosen })
    expect(result).toBe('secret_not_found')
    expect(loaded.filter((url) => VAULT.test(url))).toEqual([])
    expect(loaded.some((url) => url.includes('/secrets/src/'))).toBe(true)
  })
})
