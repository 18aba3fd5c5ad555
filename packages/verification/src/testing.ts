import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { SentKey } from '@ens/domain'
import { calculateHmac } from './hmac.ts'
import { signSegments, signToken } from './issue-certificate.ts'

/** A health authority's key pair, made for one test. */
export interface TestKeyPair {
  privateKey: KeyObject
  /** SPKI, as a health authority key is stored. */
  publicKeyPem: string
}

/** A fresh key pair on P-256. */
export function freshKeyPair(): TestKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}

/** Signs whatever claims a test is about, sensible or not. */
export function signCertificate(certificate: {
  claims: object
  privateKey: KeyObject
  kid: string
}): string {
  const { claims, privateKey, kid } = certificate
  return signToken({ claims, privateKey, keyId: kid })
}

/** The `tekmac` of these keys under a base64 HMAC key. */
export function tekmacOf(keys: readonly SentKey[], hmacKey: string): string {
  return calculateHmac(keys, Buffer.from(hmacKey, 'base64')).toString('base64')
}

/** Signs a text as claims that no object could be written as, or none that is JSON. */
export function signClaimsText(token: {
  text: string
  privateKey: KeyObject
  kid: string
}): string {
  const header = { alg: 'ES256', kid: token.kid, typ: 'JWT' }
  return signSegments(JSON.stringify(header), token.text, token.privateKey)
}

/** Lists inside each other, around a number that is read from its source. */
export function nested(levels: number): string {
  return `${'['.repeat(levels)}1.0${']'.repeat(levels)}`
}
