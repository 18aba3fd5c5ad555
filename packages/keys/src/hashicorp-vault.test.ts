import { createHash, verify } from 'node:crypto'
import { inspect } from 'node:util'
import { faultyLink, runModule } from '@ens/provider-servers'
import { vaultServer } from '@ens/provider-servers/vault'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashicorpVaultKeyManager } from './hashicorp-vault.ts'
import type { KeyManager } from './key-manager.ts'
import { keyManagerContract } from './testing/contract.ts'

const MESSAGE = Buffer.from('what a phone will verify')
const DIGEST = createHash('sha256').update(MESSAGE).digest()
const AAD = Buffer.from('of one row')

const server = await vaultServer({ namespaces: ['health/de'] })
const link = await faultyLink({ port: server.port })
afterAll(async () => {
  await link.close()
  await server.close()
})

const settings = {
  address: server.url,
  token: server.token,
  tokenFile: undefined,
  namespace: undefined,
  timeoutMs: 10_000,
}
const overLink = { ...settings, address: `http://127.0.0.1:${link.port}` }

keyManagerContract(
  'of Vault',
  async () => ({ keyManager: hashicorpVaultKeyManager(settings), parent: 'transit' }),
  async () => {
    const hanging = await faultyLink({ port: server.port })
    hanging.hang()
    afterAll(() => hanging.close())
    return hashicorpVaultKeyManager({ ...settings, address: `http://127.0.0.1:${hanging.port}` })
  },
)

let keyManager: KeyManager
let key: string
beforeAll(async () => {
  keyManager = hashicorpVaultKeyManager(settings)
  key = await keyManager.createSigningKey('', 'export')
})

/** A request of the tests' own, as an operator would send it. */
async function ask(path: string, body: object, namespace = '') {
  const response = await fetch(`${server.url}/v1/${path}`, {
    method: 'POST',
    headers: { 'x-vault-token': server.token, 'x-vault-namespace': namespace },
    body: JSON.stringify(body),
  })
  return (await response.json()) as { data: Record<string, string> }
}

describe('ids', () => {
  test('are those of the reference server: name@version, with a mount where it is not transit', async () => {
    expect(key).toBe('export')
    const version = await keyManager.createSigningKeyVersion(key)
    expect(version).toBe('export@2')
    const listed = await keyManager.listSigningKeyVersions('transit/export')
    expect(listed.map(({ id }) => id)).toEqual(['transit/export@2', 'transit/export@1'])
    const { publicKey } = await keyManager.signer('/transit/export/2') // as its lists showed them
    expect(publicKey).toEqual(listed[0]?.publicKey)
  })

  test('the version that is named signs, not the newest', async () => {
    await keyManager.createSigningKeyVersion(key)
    const signer = await keyManager.signer('export@1')
    const signature = await signer.sign(DIGEST)
    expect(verify('sha256', MESSAGE, signer.publicKey, signature)).toBe(true)
  })

  test.each([
    'export',
    'export@0',
    'export@',
    '@1',
    '',
    '..@1',
    'transit/../sys/seal@1',
    'a//b@1',
    'a b/c@1',
    'transit/export?x=1@1',
    'transit/export%2f..@1',
    'transit/ex\\port@1',
  ])('%j is no version of a key', async (id) => {
    const code = expect.stringMatching(/^(invalid_key_id|key_not_found)$/)
    await expect(keyManager.signer(id)).rejects.toMatchObject({ code })
  })

  test('a mount without a transit engine holds no key', async () => {
    const attempt = keyManager.createSigningKey('elsewhere', 'export')
    await expect(attempt).rejects.toMatchObject({ code: 'key_not_found' })
  })
})

describe('what the reference server encrypted', () => {
  test('opens with the associated data as the context of a derived key, and with no other', async () => {
    await ask('transit/keys/derived', { type: 'aes256-gcm96', derived: true })
    const { data } = await ask('transit/encrypt/derived', {
      plaintext: MESSAGE.toString('base64'),
      context: AAD.toString('base64'),
    })
    const ciphertext = Buffer.from(data.ciphertext ?? '')
    expect(await keyManager.decrypt('derived', ciphertext, AAD)).toEqual(MESSAGE)
    const again = await keyManager.encrypt('derived', MESSAGE, AAD)
    expect(await keyManager.decrypt('derived', again, AAD)).toEqual(MESSAGE)
    const attempt = keyManager.decrypt('derived', ciphertext, Buffer.from('of another row'))
    await expect(attempt).rejects.toMatchObject({ code: 'decryption_failed' })
  })
})

test('encrypting with a key that does not exist makes none', async () => {
  const attempt = keyManager.encrypt('unknown', MESSAGE, AAD)
  await expect(attempt).rejects.toMatchObject({ code: 'key_not_found' })
  const again = keyManager.encrypt('unknown', MESSAGE, AAD)
  await expect(again).rejects.toMatchObject({ code: 'key_not_found' })
})

test('a version that was destroyed while its signer was kept signs no more', async () => {
  const doomed = await keyManager.createSigningKey('', 'doomed')
  const signer = await keyManager.signer(`${doomed}@1`)
  await keyManager.createSigningKeyVersion(doomed)
  await keyManager.destroySigningKeyVersion(`${doomed}@1`)
  await expect(signer.sign(DIGEST)).rejects.toMatchObject({ code: 'key_not_found' })
})

test('each namespace has its own keys', async () => {
  const elsewhere = hashicorpVaultKeyManager({ ...settings, namespace: 'health/de' })
  await expect(elsewhere.signer('export@1')).rejects.toMatchObject({ code: 'key_not_found' })
  expect(await elsewhere.createSigningKey('', 'export')).toBe('export')
})

describe('trouble', () => {
  const attempts: [string, () => Promise<unknown>][] = [
    ['sign', async () => (await keyManager.signer('export@1')).sign(DIGEST)],
    ['make a version', () => keyManager.createSigningKeyVersion(key)],
    ['list', () => keyManager.listSigningKeyVersions(key)],
    ['make a key', () => keyManager.createEncryptionKey('', 'refused')],
    ['encrypt', () => hashicorpVaultKeyManager(settings).encrypt('encryption', MESSAGE, AAD)],
  ]

  test.each(attempts)(
    'without permission to %s it says so, and quotes no token',
    async (_, attempt) => {
      await keyManager.createEncryptionKey('', 'encryption')
      server.refuse()
      const error = await attempt().then(String, (reason: Error) => reason)
      server.mend()
      expect(error).toMatchObject({ code: 'key_access_denied', kind: 'internal' })
      expect(inspect(error)).not.toContain(server.token)
    },
  )

  test('a wrong token is refused, whatever it is made of', async () => {
    const wrong = hashicorpVaultKeyManager({ ...settings, token: 'hvs.wrong' })
    await expect(wrong.signer('export@1')).rejects.toMatchObject({ code: 'key_access_denied' })
  })

  test.each([429, 503] as const)('what was turned away with %i is tried again', async (status) => {
    const signer = await keyManager.signer('export@1')
    server.throttle(2, status)
    const signature = await signer.sign(DIGEST)
    expect(verify('sha256', MESSAGE, signer.publicKey, signature)).toBe(true)
  })

  test('turned away without end it gives up by the deadline, with the reason', async () => {
    const impatient = hashicorpVaultKeyManager({ ...settings, timeoutMs: 500 })
    server.throttle(1_000_000)
    const attempt = impatient.signer('export@1')
    await expect(attempt).rejects.toMatchObject({ code: 'key_manager_unavailable' })
    server.mend()
  })

  test('one that hangs is given up by the deadline', async () => {
    const impatient = hashicorpVaultKeyManager({ ...overLink, timeoutMs: 300 })
    link.hang()
    const attempt = impatient.signer('export@1')
    await expect(attempt).rejects.toMatchObject({ code: 'key_manager_unavailable' })
    link.mend()
  })

  test('an answer that is cut midway is asked for again', async () => {
    const manager = hashicorpVaultKeyManager(overLink)
    const signer = await manager.signer('export@1')
    link.cutAnswerAfter(40)
    const signature = await signer.sign(DIGEST)
    expect(verify('sha256', MESSAGE, signer.publicKey, signature)).toBe(true)
  })

  test('whether a version was made whose answer got lost is left to the caller', async () => {
    const manager = hashicorpVaultKeyManager(overLink)
    const before = await manager.listSigningKeyVersions(key)
    // Long enough for the look at the key, too short for the answer to the rotation behind it.
    link.cutAnswerAfter(await answerBytes(`transit/keys/${key}`))
    const attempt = manager.createSigningKeyVersion(key)
    await expect(attempt).rejects.toMatchObject({ code: 'key_manager_unavailable' })
    const after = await manager.listSigningKeyVersions(key)
    expect(after).toHaveLength(before.length + 1)
  })
})

/** How many bytes an answer to a GET takes on the wire, and a few of the next one. */
async function answerBytes(path: string): Promise<number> {
  const response = await fetch(`${server.url}/v1/${path}`, {
    headers: { 'x-vault-token': server.token },
  })
  const body = await response.text()
  const headers = [...response.headers].map(([name, value]) => name.length + value.length + 4)
  return (
    body.length +
    headers.reduce((sum, length) => sum + length, 'HTTP/1.1 200 OK\r\n\r\n'.length) +
    20
  )
}

describe('chosen by its setting', () => {
  const VAULT = /\/vault\/src\/(?!config\.ts)|\/hashicorp-vault/

  test.each([
    ['HASHICORP_VAULT', true],
    ['FILESYSTEM', false],
    ['NOOP', false],
  ])('with %s it is %j that it is loaded', async (chosen, expected) => {
    const code = `
      const { keysConfig, openKeyManager } = await import('@ens/keys')
      const { loadConfig } = await import('@ens/config')
      const manager = await openKeyManager(loadConfig(keysConfig, process.env))
      return manager.capabilities.sign`
    const variables = { KEY_MANAGER: chosen, VAULT_ADDR: server.url, VAULT_TOKEN: server.token }
    const { result, loaded } = await runModule(code, { folder: import.meta.dirname, variables })
    expect(result).toBe(chosen !== 'NOOP')
    expect(loaded.some((url) => VAULT.test(url))).toBe(expected)
  })
})
