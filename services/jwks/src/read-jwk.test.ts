import { expect, test } from 'vitest'
import { material } from './diff-keys.ts'
import { readJwk } from './read-jwk.ts'
import { freshJwk } from './testing/keys.ts'
import { jwksVectors } from './testing/vectors.ts'

test.each(jwksVectors.conversionCases)('$name becomes PEM', ({ jwk, pem, comparisonForm }) => {
  const key = readJwk(jwk, 'the key')
  expect(key).toEqual({ version: 'kid' in jwk ? jwk.kid : '', publicKey: pem })
  expect(material({ publicKey: pem })).toBe(comparisonForm)
})

const jwk = freshJwk('v1')

test('what else stands in a key is ignored', () => {
  const more = { ...jwk, use: 'enc', alg: 'ECDH-ES', exp: 0, x5c: ['AAAA'] }
  expect(readJwk(more, 'the key')).toEqual(readJwk(jwk, 'the key'))
})

test.each([
  ['a key without kid', { ...jwk, kid: undefined }],
  ['a key whose kid is null', { ...jwk, kid: null }],
])('%s has the empty version', (_, element) => {
  expect(readJwk(element, 'the key')).toMatchObject({ version: '' })
})

test.each([
  ['RSA', { kid: 'k', kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
  ['Ed25519', { kid: 'k', kty: 'OKP', crv: 'Ed25519', x: jwk.x }],
  ['P-384', { ...jwk, kid: 'k', crv: 'P-384' }],
  ['EC without a curve', { ...jwk, kid: 'k', crv: undefined }],
  ['of a type to come', { kid: 'k', kty: 'AKP' }],
])('a key that is %s is of no use, and no mistake', (_, element) => {
  expect(readJwk(element, 'the key')).toEqual({ version: 'k', reason: expect.any(String) })
})

const SECRET = 'a-secret-that-must-not-leak'

test.each([
  ['is no object', SECRET],
  ['is null', null],
  ['is a list', [SECRET]],
  ['has no type', { kid: SECRET }],
  ['has a type that is no text', { kty: 7, kid: SECRET }],
  ['has a private part', { ...jwk, d: SECRET }],
  ['has a private part of a type we do not use', { kty: 'RSA', n: 'AQAB', e: 'AQAB', p: SECRET }],
  ['is secret', { kty: 'oct', k: SECRET }],
  ['has a number as kid', { ...jwk, kid: 7 }],
  ['has a kid that no database row could hold', { ...jwk, kid: `${SECRET}\0` }],
  ['has a kid that is no text', { ...jwk, kid: `${SECRET}\ud800` }],
  ['has a long kid', { ...jwk, kid: SECRET.repeat(10) }],
  ['lacks a coordinate', { ...jwk, y: undefined }],
  ['has a number as coordinate', { ...jwk, y: 7 }],
  ['has a padded coordinate', { ...jwk, x: `${jwk.x}=` }],
  ['has a coordinate in the other alphabet', { ...jwk, x: `+/${jwk.x.slice(2)}` }],
  ['has a short coordinate', { ...jwk, x: 'AA' }],
  ['has a long coordinate', { ...jwk, x: `${jwk.x}AA` }],
  ['has a coordinate with spare bits', { ...jwk, x: withSpareBits(jwk.x) }],
  ['is no point of the curve', { ...jwk, y: jwk.x }],
  ['is the point at infinity', { ...jwk, x: 'A'.repeat(43), y: 'A'.repeat(43) }],
])('a key that %s is refused, and not quoted', (_, element) => {
  let refusal: unknown
  try {
    readJwk(element, 'key 2 of 3')
  } catch (error) {
    refusal = error
  }
  expect(refusal).toMatchObject({
    code: 'jwks_document_invalid',
    message: expect.stringMatching(/^key 2 of 3 /),
  })
  expect(String(refusal)).not.toContain(SECRET)
})

/** The last letter of 43 holds four bits; the other two are nought in the one form that is accepted. */
function withSpareBits(coordinate: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(coordinate.slice(-1))
  return coordinate.slice(0, -1) + alphabet[last + 1]
}
