import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDocument } from './parse-document.ts'
import { freshJwk } from './testing/keys.ts'

const parse = (document: unknown) =>
  parseDocument(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)))

const one = freshJwk('v1')
const two = freshJwk('v2')
const rsa = { kid: 'rsa', kty: 'RSA', n: 'AQAB', e: 'AQAB' }

test('a bare list and a JWK Set are read alike', () => {
  const { keys } = parse([one, two])
  expect(keys.map(({ version }) => version)).toEqual(['v1', 'v2'])
  expect(parse({ keys: [one, two], more: 1 }).keys).toEqual(keys)
  expect(parse(`\ufeff ${JSON.stringify([one, two])}\n`).keys).toEqual(keys)
})

test('keys of no use are told apart from those that are used', () => {
  expect(parse([rsa, one])).toMatchObject({
    keys: [{ version: 'v1' }],
    unusable: [{ version: 'rsa', reason: 'is of another type' }],
  })
})

test.each([
  ['nothing', '', 'jwks_document_invalid'],
  ['null', 'null', 'jwks_document_invalid'],
  ['an empty list', '[]', 'jwks_without_keys'],
  ['a set of nothing', '{"keys":[]}', 'jwks_without_keys'],
  ['a set of null', '{"keys":null}', 'jwks_document_invalid'],
  ['an object of something else', '{"error":"try later"}', 'jwks_document_invalid'],
  ['text', '"keys"', 'jwks_document_invalid'],
  ['a page', '<html>', 'jwks_document_invalid'],
  ['half a document', JSON.stringify([one, two]).slice(0, -9), 'jwks_document_invalid'],
  ['no key of use', JSON.stringify([rsa]), 'jwks_without_keys'],
  ['a broken key beside a good one', JSON.stringify([one, {}]), 'jwks_document_invalid'],
  ['a nested bomb', '['.repeat(200_000), 'jwks_document_invalid'],
  ['a nested bomb that ends', `${'['.repeat(9999)}${']'.repeat(9999)}`, 'jwks_document_invalid'],
  ['two keys under one kid', JSON.stringify([one, { ...two, kid: 'v1' }]), 'jwks_document_invalid'],
  ['too many keys', JSON.stringify(Array(101).fill(one)), 'jwks_too_large'],
])('%s is an error', (_, document, code) => {
  expect(() => parse(document)).toThrow(expect.objectContaining({ code }))
})

test('bytes that are no text are an error', () => {
  const bytes = Buffer.from(JSON.stringify([one])).fill(0xff, 3, 4)
  expect(() => parseDocument(bytes)).toThrow(
    expect.objectContaining({ code: 'jwks_document_invalid' }),
  )
})

const RUNS = { numRuns: runs(1000) }
const CODES = ['jwks_document_invalid', 'jwks_without_keys', 'jwks_too_large']

/** Either it is refused, with a code, or it holds at least one key; then nothing can be revoked by mistake. */
function expectSense(bytes: Uint8Array): void {
  let versions: string[]
  try {
    versions = parseDocument(bytes).keys.map(({ version }) => version)
  } catch (error) {
    expect(CODES).toContain((error as { code?: string }).code)
    return
  }
  expect(versions.length).toBeGreaterThan(0)
}

test('any bytes at all are refused or make sense', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), expectSense), RUNS)
})

test('any JSON at all is refused or makes sense', () => {
  const text = fc.oneof(
    fc.json(),
    fc.array(fc.jsonValue()).map((keys) => JSON.stringify(keys)),
    fc.array(fc.jsonValue()).map((keys) => JSON.stringify({ keys })),
  )
  fc.assert(
    fc.property(text, (json) => expectSense(Buffer.from(json))),
    RUNS,
  )
})

test('keys with any member are refused or make sense', () => {
  const member = fc.constantFrom('kid', 'kty', 'crv', 'x', 'y', 'd', 'k', 'use', '__proto__')
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('EC', 'P-256', one.x, one.y, 'RSA', ''))
  const changed = fc.dictionary(member, value).map((members) => ({ ...one, ...members }))
  fc.assert(
    fc.property(fc.array(changed, { maxLength: 4 }), (keys) =>
      expectSense(Buffer.from(JSON.stringify(keys))),
    ),
    RUNS,
  )
})

test('a document with damaged bytes is refused or makes sense', () => {
  const document = Buffer.from(JSON.stringify([one, two]))
  const damage = fc.array(fc.tuple(fc.nat(document.length - 1), fc.nat(255)), { minLength: 1 })
  fc.assert(
    fc.property(damage, (changes) => {
      const damaged = Buffer.from(document)
      for (const [at, byte] of changes) damaged[at] = byte
      expectSense(damaged)
    }),
    RUNS,
  )
})
