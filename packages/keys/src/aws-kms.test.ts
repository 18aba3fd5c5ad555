import { createHash, verify } from 'node:crypto'
import { type FaultyLink, faultyLink, runModule } from '@ens/provider-servers'
import { type KmsServer, kmsServer } from '@ens/provider-servers/aws'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { awsKmsKeyManager } from './aws-kms.ts'
import type { KeyManager } from './key-manager.ts'
import { keyManagerContract } from './testing/contract.ts'

const MESSAGE = Buffer.from('a message')
const DIGEST = createHash('sha256').update(MESSAGE).digest()
const AAD = Buffer.from('of one row')

const servers: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const server of servers) await server.close()
})

async function started(): Promise<KmsServer> {
  const server = await kmsServer()
  servers.push(server)
  return server
}

async function linkTo(server: KmsServer): Promise<FaultyLink> {
  const link = await faultyLink(server)
  servers.unshift(link)
  return link
}

function managerAt(port: number, { region, credentials }: KmsServer): KeyManager {
  return awsKmsKeyManager({ endpoint: `http://127.0.0.1:${port}`, region, credentials })
}

async function subject() {
  const server = await started()
  return {
    keyManager: managerAt(server.port, server),
    parent: 'alias/tests',
    signingKeyVersion: server.addSigningKey(),
    otherSigningKeyVersion: server.addSigningKey(),
    encryptionKey: server.addEncryptionKey(),
    otherEncryptionKey: server.addEncryptionKey(),
    refuse: (refused: boolean) => server.refuse(refused),
    throttle: (requests: number) => server.throttle(requests),
  }
}

keyManagerContract(
  'AWS KMS',
  subject,
  async () => {
    const server = await started()
    const link = await linkTo(server)
    link.hang()
    return managerAt(link.port, server)
  },
  subject,
)

let server: KmsServer
let link: FaultyLink
let keyManager: KeyManager
beforeAll(async () => {
  server = await started()
  link = await linkTo(server)
  keyManager = managerAt(link.port, server)
})
beforeEach(() => {
  link.mend()
})

describe('a key of KMS', () => {
  test('is found by id, ARN and alias', async () => {
    const arn = server.addSigningKey()
    server.pointAlias('alias/exports', arn)
    const ids = [
      arn,
      arn.split('/')[1] ?? '',
      'alias/exports',
      arn.replace(/key.*/, 'alias/exports'),
    ]
    const pems = new Set<string>()
    for (const id of ids) {
      const { publicKey } = await keyManager.signer(id)
      pems.add(publicKey.export({ type: 'spki', format: 'pem' }).toString())
    }
    expect(pems.size).toBe(1)
  })

  test('goes on signing when its alias is pointed to another one', async () => {
    server.pointAlias('alias/moved', server.addSigningKey())
    const signer = await keyManager.signer('alias/moved')
    server.pointAlias('alias/moved', server.addSigningKey())
    expect(verify('sha256', MESSAGE, signer.publicKey, await signer.sign(DIGEST))).toBe(true)
  })

  test('decrypts under its older material when it was rotated', async () => {
    const key = server.addEncryptionKey()
    const old = await keyManager.encrypt(key, MESSAGE, AAD)
    server.rotate(key)
    const young = await keyManager.encrypt(key, MESSAGE, AAD)
    expect(await keyManager.decrypt(key, old, AAD)).toEqual(MESSAGE)
    expect(await keyManager.decrypt(key, young, AAD)).toEqual(MESSAGE)
  })

  test('takes associated data of no bytes and of any', async () => {
    const key = server.addEncryptionKey()
    for (const aad of [Buffer.alloc(0), Buffer.of(0), Buffer.of(255, 254, 0)]) {
      const ciphertext = await keyManager.encrypt(key, MESSAGE, aad)
      expect(await keyManager.decrypt(key, ciphertext, aad)).toEqual(MESSAGE)
      const attempt = keyManager.decrypt(key, ciphertext, Buffer.of(...aad, 0))
      await expect(attempt).rejects.toMatchObject({ code: 'decryption_failed' })
    }
  })

  test('on another curve is no key for exports', async () => {
    const attempt = keyManager.signer(server.addSigningKey('P-384'))
    await expect(attempt).rejects.toMatchObject({ code: 'key_malformed' })
  })

  test('for encryption does not sign, nor one for signatures encrypt', async () => {
    const signing = server.addSigningKey()
    const attempts = [
      () => keyManager.signer(server.addEncryptionKey()),
      () => keyManager.encrypt(signing, MESSAGE, AAD),
    ]
    for (const attempt of attempts)
      await expect(attempt()).rejects.toMatchObject({ code: 'key_type_mismatch' })
  })

  test('that is disabled or to be deleted neither signs nor encrypts', async () => {
    const keys = [server.addSigningKey(), server.addEncryptionKey()] as const
    const attempts = [
      () => keyManager.signer(keys[0]),
      () => keyManager.encrypt(keys[1], MESSAGE, AAD),
    ]
    const codes = { Disabled: 'key_access_denied', PendingDeletion: 'key_not_found' } as const
    for (const state of ['Disabled', 'PendingDeletion'] as const)
      for (const attempt of attempts) {
        for (const key of keys) server.setState(key, state)
        await expect(attempt()).rejects.toMatchObject({ code: codes[state] })
      }
  })

  test.each(['', 'no key id', 'x'.repeat(3000), 'arn:aws:kms:', '../x'])(
    'is not called %j',
    async (id) => {
      const code = expect.stringMatching(/^(invalid_key_id|key_not_found)$/)
      await expect(keyManager.signer(id)).rejects.toMatchObject({ code })
    },
  )
})

describe('KMS that fails', () => {
  test('a wrong secret key is told as missing permission, and not quoted', async () => {
    const credentials = { ...server.credentials, secretAccessKey: 'another' }
    const stranger = managerAt(server.port, { ...server, credentials })
    await expect(stranger.signer(server.addSigningKey())).rejects.toMatchObject({
      code: 'key_access_denied',
      message: expect.not.stringContaining(credentials.accessKeyId),
      cause: { reason: 'InvalidSignatureException' },
    })
  })

  test('an answer that is cut midway is asked for again', async () => {
    const key = server.addEncryptionKey()
    link.cutAnswerAfter(150)
    const ciphertext = await keyManager.encrypt(key, MESSAGE, AAD)
    expect(await keyManager.decrypt(key, ciphertext, AAD)).toEqual(MESSAGE)
  })

  test('a server that is not there is an outage', async () => {
    const gone = await kmsServer()
    await gone.close()
    await expect(managerAt(gone.port, server).signer('alias/any')).rejects.toMatchObject({
      code: 'key_manager_unavailable',
      cause: { reason: 'ECONNREFUSED' },
    })
  })
})

test('KEY_MANAGER=AWS_KMS finds region and credentials in the environment, and only then loads the SDK', async () => {
  const code = `
    const { loadConfig } = await import('@ens/config')
    const { openKeyManager, keysConfig } = await import('@ens/keys')
    const keyManager = await openKeyManager(loadConfig(keysConfig, process.env))
    return process.env.KEY && (await keyManager.signer(process.env.KEY)).publicKey.asymmetricKeyType`
  const run = (variables: Record<string, string>) =>
    runModule(code, { folder: import.meta.dirname, variables })
  const inKms = await run({
    KEY_MANAGER: 'AWS_KMS',
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: server.region,
    AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
    KEY: server.addSigningKey(),
  })
  const inMemory = await run({ KEY_MANAGER: 'MEMORY' })
  const ofTheSdk = (url: string) => url.includes('@aws-sdk') || url.includes('@smithy')
  expect(inKms.result).toBe('ec')
  expect(inKms.loaded.some(ofTheSdk)).toBe(true)
  expect(inMemory.loaded.filter(ofTheSdk)).toEqual([])
})
