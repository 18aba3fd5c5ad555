import { inspect } from 'node:util'
import { KeyClient } from '@azure/keyvault-keys'
import { type FaultyLink, faultyLink, runModule } from '@ens/provider-servers'
import { type KeyVaultServer, startKeyVault } from '@ens/provider-servers/azure'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { KeyManager } from '../key-manager.ts'
import { keyManagerContract } from '../testing/contract.ts'
import { keyVaultKeyManager } from './key-vault.ts'

const DIGEST = Buffer.alloc(32, 7)
const AAD = Buffer.of()
const SECRET = Buffer.alloc(32, 'k')

let server: KeyVaultServer
let link: FaultyLink
beforeAll(async () => {
  server = await startKeyVault()
  link = await faultyLink({ port: server.port })
})
afterAll(async () => {
  await link.close()
  await server.close()
})
afterEach(() => {
  server.forbid(false)
  server.throttle(429, 0)
  server.breakAfterCreating(0)
  link.mend()
})

/** Retries at once. */
const random = () => 0
const now = () => new Date()

function keyManagerAt(
  { port }: { port: number },
  { credential } = server,
  attemptMs?: number,
): KeyManager {
  const endpoint = `https://127.0.0.1:${port}`
  const { ca } = server
  return keyVaultKeyManager({
    ...{ endpoint, credential, ca, now, random },
    ...(attemptMs !== undefined && { attemptMs }),
  })
}

keyManagerContract(
  'of Azure',
  async () => ({ keyManager: keyManagerAt(server), parent: 'vault' }),
  async () => {
    const hanging = await faultyLink({ port: server.port })
    hanging.hang()
    return keyManagerAt(hanging)
  },
)

describe('the ids of Key Vault', () => {
  test('are those of the reference server: vault, key and version', async () => {
    const keyManager = keyManagerAt(server)
    const key = await keyManager.createSigningKey('vault', 'named')
    const version = await keyManager.createSigningKeyVersion(key)
    expect(key).toBe('vault/named')
    expect(version).toMatch(/^vault\/named\/[0-9a-f]{32}$/)
  })

  test.each(['', 'vault', 'vault/key', 'vault//1', '../key/1', 'vault/key/1/2', 'vault/ke y/1'])(
    'are not like %j',
    async (id) => {
      const attempt = keyManagerAt(server).signer(id)
      await expect(attempt).rejects.toMatchObject({ code: 'invalid_key_id' })
    },
  )
})

describe('encryption', () => {
  test('with a version in the id is that of the reference server, RSA and nothing else', async () => {
    const keyManager = keyManagerAt(server)
    const key = await keyManager.createEncryptionKey('vault', 'pinned')
    const version = await keyManager.createEncryptionKeyVersion(key)
    await keyManager.createEncryptionKeyVersion(key)
    const ciphertext = await keyManager.encrypt(version, SECRET, AAD)
    expect(ciphertext).toHaveLength(384)
    expect(await keyManager.decrypt(version, ciphertext, AAD)).toEqual(SECRET)
  })

  test('goes on when its id loses the version', async () => {
    const keyManager = keyManagerAt(server)
    const key = await keyManager.createEncryptionKey('vault', 'set-free')
    const version = await keyManager.createEncryptionKeyVersion(key)
    const ciphertext = await keyManager.encrypt(key, SECRET, AAD)
    expect(await keyManager.decrypt(version, ciphertext, AAD)).toEqual(SECRET)
  })

  test('takes what fits a block of RSA, and says so of more', async () => {
    const keyManager = keyManagerAt(server)
    const key = await keyManager.createEncryptionKey('vault', 'of-one-block')
    const most = Buffer.alloc(318, 'x')
    expect(await keyManager.decrypt(key, await keyManager.encrypt(key, most, AAD), AAD)).toEqual(
      most,
    )
    const attempt = keyManager.encrypt(key, Buffer.alloc(319), AAD)
    await expect(attempt).rejects.toMatchObject({ code: 'key_operation_unsupported' })
  })

  test('says that it is not bound to associated data', async () => {
    const keyManager = keyManagerAt(server)
    expect(keyManager.capabilities.associatedData).toBe(false)
  })
})

describe('versions', () => {
  test('of many pages are all listed', async () => {
    const keyManager = keyManagerAt(server)
    const key = await keyManager.createSigningKey('vault', 'of-many-pages')
    const made = []
    for (let n = 0; n < 30; n++) made.unshift(await keyManager.createSigningKeyVersion(key))
    const listed = await keyManager.listSigningKeyVersions(key)
    expect(listed.map(({ id }) => id).slice(0, 30)).toEqual(made)
    expect(listed).toHaveLength(31)
  })

  test('whose time is over sign no more, and say so', async () => {
    const keyManager = keyManagerAt(server)
    const key = await keyManager.createSigningKey('vault', 'ended')
    const id = await keyManager.createSigningKeyVersion(key)
    const client = new KeyClient(server.url, server.credential, {
      disableChallengeResourceVerification: true,
      tlsOptions: { ca: server.ca },
    })
    const [, name = '', version = ''] = id.split('/')
    await client.updateKeyProperties(name, version, { expiresOn: new Date('2020-01-01') })
    const signer = await keyManager.signer(id)
    await expect(signer.sign(DIGEST)).rejects.toMatchObject({ code: 'key_access_denied' })
  })

  test('that are disabled are in use nowhere, signers that were opened before included', async () => {
    const keyManager = keyManagerAt(server)
    const key = await keyManager.createSigningKey('vault', 'disabled')
    const version = await keyManager.createSigningKeyVersion(key)
    const signer = await keyManager.signer(version)
    await signer.sign(DIGEST)
    await keyManager.destroySigningKeyVersion(version)
    await expect(signer.sign(DIGEST)).rejects.toMatchObject({ code: 'key_not_found' })
  })
})

describe('a vault in trouble', () => {
  let version: string
  let direct: KeyManager
  let keyManager: KeyManager
  beforeEach(async () => {
    direct = keyManagerAt(server)
    const key = await direct.createSigningKey('vault', 'in-trouble')
    version = await direct.createSigningKeyVersion(key)
    keyManager = keyManagerAt(link)
  })

  test.each([429, 503] as const)('is asked again after a %i', async (status) => {
    server.throttle(status, 3)
    const signer = await keyManager.signer(version)
    server.throttle(status, 3)
    expect((await signer.sign(DIGEST)).length).toBeGreaterThan(60)
  })

  test('is not asked for ever', async () => {
    server.throttle(429, 1_000)
    await expect(keyManager.signer(version)).rejects.toMatchObject({
      code: 'key_manager_unavailable',
      kind: 'unavailable',
      cause: {
        message: expect.stringMatching(/^Azure answered 429 Throttled, request [0-9a-f-]+$/),
      },
    })
  })

  test('that refuses us is an error of its own, which holds no token', async () => {
    await keyManager.signer(version)
    server.forbid(true)
    const error = await keyManager.signer(version).catch((error: unknown) => error)
    expect(error).toMatchObject({
      code: 'key_access_denied',
      kind: 'internal',
      cause: { message: expect.stringContaining('403 ForbiddenByRbac') },
    })
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/Bearer|authorization/i)
  })

  test('that takes no token of ours refuses us', async () => {
    const credential = { getToken: async () => ({ token: 'stale', expiresOnTimestamp: 1e15 }) }
    const stranger = keyManagerAt(server, { ...server, credential })
    await expect(stranger.signer(version)).rejects.toMatchObject({ code: 'key_access_denied' })
  })

  test('whose answer is cut is asked again', async () => {
    const signer = await keyManager.signer(version)
    link.cutAnswerAfter(200)
    expect((await signer.sign(DIGEST)).length).toBeGreaterThan(60)
  })

  test('that hangs once is asked again within the deadline', async () => {
    const patient = keyManagerAt(link, server, 1_000)
    link.hangNext()
    const signer = await patient.signer(version, { signal: AbortSignal.timeout(20_000) })
    link.mend() // ends the connections that are kept, so that the next is a new one
    link.hangNext()
    const signature = await signer.sign(DIGEST, { signal: AbortSignal.timeout(20_000) })
    expect(signature.length).toBeGreaterThan(60)
  })

  test('that has made a version, but answers that it failed, is not asked for another', async () => {
    const key = await direct.createSigningKey('vault', 'made-once')
    server.breakAfterCreating(1)
    const attempt = keyManager.createSigningKeyVersion(key)
    await expect(attempt).rejects.toMatchObject({ code: 'key_manager_unavailable' })
    expect(await direct.listSigningKeyVersions(key)).toHaveLength(2)
  })

  test('that has made a key, but answers that it failed, has made it once', async () => {
    server.breakAfterCreating(1)
    const key = await keyManager.createSigningKey('vault', 'made-after-all')
    expect(await direct.listSigningKeyVersions(key)).toHaveLength(1)
  })

  test('that has made no key is told so', async () => {
    server.throttle(503, 1_000)
    const attempt = keyManager.createSigningKey('vault', 'never-made')
    await expect(attempt).rejects.toMatchObject({ code: 'key_manager_unavailable' })
  })

  test('that cannot be reached is unavailable', async () => {
    const signer = await keyManager.signer(version)
    link.cut()
    const outcome = { code: 'key_manager_unavailable', kind: 'unavailable' }
    await expect(signer.sign(DIGEST)).rejects.toMatchObject(outcome)
  })

  test('whose certificate nobody vouches for gets no token', async () => {
    const asked: unknown[] = []
    const getToken = async (scopes: unknown) => {
      asked.push(scopes)
      return null
    }
    const credential = { getToken }
    const endpoint = server.url
    const suspicious = keyVaultKeyManager({ endpoint, credential, now, random })
    const outcome = { code: 'key_manager_unavailable' }
    await expect(suspicious.signer(version)).rejects.toMatchObject(outcome)
    expect(asked).toEqual([])
  })
})

const open = (variables: object, then: string) => `
  const { keysConfig, openKeyManager } = await import('@ens/keys')
  const { loadConfig } = await import('@ens/config')
  const keyManager = await openKeyManager(loadConfig(keysConfig, ${JSON.stringify(variables)}))
  ${then}`

describe('chosen by its setting', () => {
  test("it signs in by the platform's usual chain", async () => {
    const variables = { ...server.variables, NODE_EXTRA_CA_CERTS: server.caFile }
    const settings = { KEY_MANAGER: 'AZURE_KEY_VAULT', AZURE_KEY_VAULT_ENDPOINT: server.url }
    const code = open(settings, `return keyManager.createSigningKey('vault', 'by-identity')`)
    const { result } = await runModule(code, { folder: import.meta.dirname, variables })
    expect(result).toBe('vault/by-identity')
  })

  test('it does not start at an address without TLS', async () => {
    const settings = {
      KEY_MANAGER: 'AZURE_KEY_VAULT',
      AZURE_KEY_VAULT_ENDPOINT: 'http://127.0.0.1',
    }
    const run = runModule(open(settings, ''), { folder: import.meta.dirname })
    await expect(run).rejects.toThrow(
      /AZURE_KEY_VAULT_ENDPOINT: must be a URL that begins with https/,
    )
  })

  test('it is loaded, and by no other setting', async () => {
    const code = open({ KEY_MANAGER: 'FILESYSTEM' }, '')
    const { loaded } = await runModule(code, { folder: import.meta.dirname })
    expect(loaded.filter((url) => url.includes('/@azure/'))).toEqual([])
    expect(loaded.filter((url) => url.endsWith('/keys/src/filesystem.ts'))).toHaveLength(1)
  })
})
