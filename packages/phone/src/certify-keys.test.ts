import { aHealthAuthority, anAuthorizedApp } from '@ens/domain/testing'
import { createVerifier } from '@ens/verification'
import { freshKeyPair } from '@ens/verification/testing'
import { expect, test } from 'vitest'
import { certifyHmac, certifyKeys } from './certify-keys.ts'
import { makeKeys } from './make-keys.ts'

const now = new Date('2026-11-22T15:30:00.900Z')
const { privateKey, publicKeyPem } = freshKeyPair()
const authority = aHealthAuthority({
  keys: [{ version: 'v1', publicKey: publicKeyPem, from: new Date(0), thru: undefined }],
})
const issuer = {
  issuer: authority.issuer,
  audience: authority.audience,
  keyId: 'v1',
  privateKey,
}
const diagnosis = { reportType: 'likely', symptomOnsetInterval: 2_990_000 } as const
const keys = makeKeys({ days: 14, now })

const verifyAt = (at: Date) => {
  const verify = createVerifier({ findHealthAuthority: async () => authority, now: () => at })
  return ({ verificationPayload, hmacKey }: ReturnType<typeof certifyKeys>) =>
    verify({ certificate: verificationPayload, hmacKey, keys, app: anAuthorizedApp() })
}

test('a key server accepts the certificate at once, and learns the diagnosis', async () => {
  const certificate = certifyKeys(issuer, diagnosis, keys, { now })

  expect(await verifyAt(now)(certificate)).toEqual({ healthAuthorityId: 1, ...diagnosis })
})

test('a certificate ends when it says, after five minutes if it says nothing', async () => {
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)
  const usual = certifyKeys(issuer, diagnosis, keys, { now })
  const short = certifyKeys(issuer, diagnosis, keys, { now, lifetimeMs: 30_000 })

  expect(await verifyAt(later(299))(usual)).toMatchObject(diagnosis)
  await expect(verifyAt(later(302))(usual)).rejects.toThrow('expired')
  await expect(verifyAt(later(32))(short)).rejects.toThrow('expired')
})

test('a private key may be given as PEM', async () => {
  const pem = privateKey.export({ type: 'sec1', format: 'pem' }).toString()
  const certificate = certifyKeys({ ...issuer, privateKey: pem }, diagnosis, keys, { now })

  expect(await verifyAt(now)(certificate)).toMatchObject(diagnosis)
})

test('each certificate has an HMAC key of its own', () => {
  const hmacKeys = [1, 2].map(() => certifyKeys(issuer, diagnosis, keys, { now }).hmacKey)

  expect(new Set(hmacKeys).size).toBe(2)
})

test('a verification server needs no more than the HMAC', async () => {
  const random = () => Buffer.alloc(16, 1)
  const { hmacKey, verificationPayload } = certifyKeys(issuer, diagnosis, keys, { now, random })
  const claims = JSON.parse(
    Buffer.from(verificationPayload.split('.')[1] ?? '', 'base64url').toString(),
  )
  const hmac = Buffer.from(claims.tekmac, 'base64')

  const alone = certifyHmac(issuer, diagnosis, hmac, { now })

  expect(await verifyAt(now)({ hmacKey, verificationPayload: alone })).toMatchObject(diagnosis)
})
