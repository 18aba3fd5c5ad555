import { createHash } from 'node:crypto'
import { type FaultyLink, faultyLink } from '@ens/provider-servers'
import {
  type GoogleCloud,
  startGoogleCloud,
  trustGoogleTestServers,
} from '@ens/provider-servers/google'
import { IdentityPoolClient } from 'google-auth-library'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { KeyManager, Signer } from '../key-manager.ts'
import { keyManagerContract } from '../testing/contract.ts'
import { googleCloudKms } from './google-cloud-kms.ts'

const RING = 'projects/p/locations/global/keyRings/test'
const DIGEST = createHash('sha256').update('what a phone will verify').digest()
const AAD = Buffer.from('of one row')
const SECRET = Buffer.from('a data key')
const MADE_AT = new Date('2020-06-15T12:00:00.250Z')

let cloud: GoogleCloud
let link: FaultyLink
let keys: KeyManager
beforeAll(async () => {
  trustGoogleTestServers()
  cloud = await startGoogleCloud({ now: () => MADE_AT, pageSize: 2 })
  link = await faultyLink({ port: cloud.kms.port })
  keys = keysAt(`https://localhost:${link.port}`)
})
afterEach(() => {
  link.mend()
  cloud.kms.faults.recover()
})
afterAll(async () => {
  await link.close()
  await cloud.close()
})

function keysAt(endpoint: string): KeyManager {
  const authClient = new IdentityPoolClient(cloud.credentials)
  return googleCloudKms({ endpoint, authClient, createHsmKeys: true })
}

keyManagerContract(
  'of Google',
  async () => ({
    keyManager: keys,
    parent: RING,
    missingSigningKeyVersion: `${RING}/cryptoKeys/missing/cryptoKeyVersions/1`,
    missingKey: `${RING}/cryptoKeys/missing`,
  }),
  async () => {
    link.hang()
    return keysAt(`https://localhost:${link.port}`)
  },
)

async function aSigner(name: string): Promise<Signer> {
  return keys.signer(await keys.createSigningKeyVersion(await keys.createSigningKey(RING, name)))
}

async function anEncryptionKey(name: string): Promise<string> {
  const key = await keys.createEncryptionKey(RING, name)
  await keys.createEncryptionKeyVersion(key)
  return key
}

test('ids are the full names, with the version', async () => {
  const key = await keys.createSigningKey(RING, 'named')
  expect(key).toBe(`${RING}/cryptoKeys/named`)
  expect(await keys.createSigningKeyVersion(key)).toBe(`${key}/cryptoKeyVersions/1`)
})

test('all pages of versions are listed, with the time they were made', async () => {
  const key = await keys.createSigningKey(RING, 'with-pages')
  for (let n = 0; n < 5; n++) await keys.createSigningKeyVersion(key)
  const listed = await keys.listSigningKeyVersions(key)
  expect(listed.map(({ id }) => id.split('/').at(-1))).toEqual(['5', '4', '3', '2', '1'])
  expect(listed.map(({ createdAt }) => createdAt)).toEqual(Array(5).fill(MADE_AT))
})

test('a version whose destruction is scheduled signs no more, and is no longer listed', async () => {
  const key = await keys.createSigningKey(RING, 'destroyed-later')
  const version = await keys.createSigningKeyVersion(key)
  const signer = await keys.signer(version)
  await keys.destroySigningKeyVersion(version)
  await expect(signer.sign(DIGEST)).rejects.toMatchObject({ code: 'key_not_found' })
  expect(await keys.listSigningKeyVersions(key)).toEqual([])
})

test('no version of an encryption key is destroyed', async () => {
  const version = `${await anEncryptionKey('not-destroyed')}/cryptoKeyVersions/1`
  const attempt = keys.destroySigningKeyVersion(version)
  await expect(attempt).rejects.toMatchObject({ code: 'key_type_mismatch' })
})

test.each(['', 'named', `${RING}/cryptoKeys`, '../named', `${RING}/cryptoKeys/a b`])(
  'the id %j is refused as none of Cloud KMS',
  async (id) => {
    await expect(keys.signer(id)).rejects.toMatchObject({ code: 'invalid_key_id' })
    const attempt = keys.encrypt(id, SECRET, AAD)
    await expect(attempt).rejects.toMatchObject({ code: 'invalid_key_id' })
  },
)

describe('an answer that changed on the way', () => {
  test('is not taken for a signature or a public key', async () => {
    const signer = await aSigner('flipped')
    cloud.kms.faults.corruptAnswers()
    const damaged = { code: 'key_manager_unavailable' }
    await expect(signer.sign(DIGEST)).rejects.toMatchObject(damaged)
    const version = `${RING}/cryptoKeys/flipped/cryptoKeyVersions/1`
    await expect(keys.signer(version)).rejects.toMatchObject(damaged)
  })

  test('is not taken for a ciphertext or a plaintext', async () => {
    const key = await anEncryptionKey('flipped-too')
    const ciphertext = await keys.encrypt(key, SECRET, AAD)
    cloud.kms.faults.corruptAnswers()
    const damaged = { code: 'key_manager_unavailable' }
    await expect(keys.encrypt(key, SECRET, AAD)).rejects.toMatchObject(damaged)
    await expect(keys.decrypt(key, ciphertext, AAD)).rejects.toMatchObject(damaged)
  })
})

describe('trouble', () => {
  test.each(['throttle', 'breakDown'] as const)(
    'a key manager that answers a while with %s is asked again',
    async (fault) => {
      const signer = await aSigner(`patient-${fault}`)
      const key = await anEncryptionKey(`patient-too-${fault}`)
      cloud.kms.faults[fault](2)
      expect(await signer.sign(DIGEST)).toBeInstanceOf(Buffer)
      cloud.kms.faults[fault](2)
      const ciphertext = await keys.encrypt(key, SECRET, AAD)
      cloud.kms.faults[fault](2)
      expect(await keys.decrypt(key, ciphertext, AAD)).toEqual(SECRET)
    },
  )

  test('one that throttles for good keeps nobody past the deadline', async () => {
    const signer = await aSigner('throttled')
    cloud.kms.faults.throttle(Number.POSITIVE_INFINITY)
    const attempt = signer.sign(DIGEST, { signal: AbortSignal.timeout(200) })
    await expect(attempt).rejects.toMatchObject({ code: 'key_manager_unavailable' })
  })

  test('what this process may not do is refused with a code, and the permission named', async () => {
    const signer = await aSigner('forbidden')
    cloud.kms.faults.refusePermission()
    await expect(signer.sign(DIGEST)).rejects.toMatchObject({
      code: 'key_access_denied',
      cause: { message: expect.stringContaining('cloudkms.cryptoKeyVersions.useToSign') },
    })
  })

  test('a version is not made twice because there was no answer', async () => {
    const key = await keys.createSigningKey(RING, 'made-once')
    cloud.kms.faults.breakDown(Number.POSITIVE_INFINITY)
    const attempt = keys.createSigningKeyVersion(key, { signal: AbortSignal.timeout(300) })
    await expect(attempt).rejects.toMatchObject({ code: 'key_manager_unavailable' })
    cloud.kms.faults.recover()
    expect(await keys.listSigningKeyVersions(key)).toEqual([])
  })

  test('a connection that ends midway is made again', async () => {
    const signer = await aSigner('cut-midway')
    link.cutAnswerAfter(1)
    expect(await signer.sign(DIGEST)).toBeInstanceOf(Buffer)
  })

  test('a key manager that hangs is left at the deadline', async () => {
    const signer = await aSigner('hung')
    link.hang()
    const signal = AbortSignal.timeout(150)
    const error = await signer.sign(DIGEST, { signal }).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'key_manager_unavailable', cause: signal.reason })
  })

  test('credentials that are refused are told apart from an outage, and not quoted', async () => {
    const source = { ...cloud.credentials.credential_source, headers: { 'x-secret': 'hunter2' } }
    const authClient = new IdentityPoolClient({ ...cloud.credentials, credential_source: source })
    const refused = googleCloudKms({
      endpoint: cloud.kms.endpoint,
      authClient,
      createHsmKeys: true,
    })
    const version = `${RING}/cryptoKeys/named/cryptoKeyVersions/1`
    const error = await refused.signer(version).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'key_access_denied' })
    for (const each of [error, error.cause]) expect(String(each.stack)).not.toContain('hunter2')
  })
})
