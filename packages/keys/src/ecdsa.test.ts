import { createHash, createPrivateKey, generateKeyPairSync, verify } from 'node:crypto'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  derFromIeee1363,
  ieee1363FromDer,
  p256PublicKeyFromPem,
  publicKeyFromPem,
  publicKeyToPem,
} from './ecdsa.ts'
import { localSigner, privateKeyFromSec1 } from './local-signer.ts'
import { signatureVectors as vectors } from './testing/vectors.ts'

const hex = (text: string) => Buffer.from(text, 'hex')

describe('signatures', () => {
  test.each(vectors.ieee1363_to_der)('r and s become DER and back: $note', (example) => {
    expect(derFromIeee1363(hex(example.ieee1363_hex)).toString('hex')).toBe(example.der_hex)
    expect(ieee1363FromDer(hex(example.der_hex)).toString('hex')).toBe(example.ieee1363_hex)
  })

  const signers = vectors.cases.flatMap(({ signers }) => signers)
  test.each(signers)('the published r, s and DER of $key agree', (signer) => {
    const raw = hex(signer.rfc6979_signature_r_s_hex)
    expect(derFromIeee1363(raw).toString('hex')).toBe(signer.rfc6979_signature_der_hex)
  })

  test('any r and s of any curve survive the way to DER and back', () => {
    const coordinates = fc.constantFrom(28, 32, 48, 66).chain((length) => {
      return fc.uint8Array({ minLength: 2 * length, maxLength: 2 * length })
    })
    fc.assert(
      fc.property(coordinates, (raw) => {
        const back = ieee1363FromDer(derFromIeee1363(raw), raw.length / 2)
        expect(back).toEqual(Buffer.from(raw))
      }),
    )
  })

  test('random bytes are read as a signature or refused with a code, never otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(outcomeOf(() => ieee1363FromDer(bytes))).toMatch(
          /^(read|invalid_signature_encoding)$/,
        )
      }),
    )
  })

  test.each([
    ['nothing', ''],
    ['r and s of different length', '010203'],
  ])('%s is no pair of r and s', (_, raw) => {
    expect(outcomeOf(() => derFromIeee1363(hex(raw)))).toBe('invalid_signature_encoding')
  })

  test.each([
    ['bytes behind the end', '300602010102010100'],
    ['a negative r', '3006020181020101'],
    ['a wasteful zero', '300702020001020101'],
    ['an integer that is cut off', '300602010102050101'],
    ['no second integer', '3003020101'],
    ['an r too long for the curve', `3026022101${'00'.repeat(32)}020101`],
  ])('DER with %s is refused', (_, der) => {
    expect(outcomeOf(() => ieee1363FromDer(hex(der)))).toBe('invalid_signature_encoding')
  })
})

describe('a local signer', () => {
  test.each(Object.entries(vectors.keys))('%s has its published public key', (_, key) => {
    const signer = localSigner(privateKeyFromSec1(hex(key.sec1_der_hex)))
    expect(publicKeyToPem(signer.publicKey)).toBe(key.spki_pem)
    expect(publicKeyToPem(p256PublicKeyFromPem(key.spki_pem))).toBe(key.spki_pem)
  })

  const signed = vectors.cases.flatMap(({ name, sha256_hex, signers }) =>
    signers.map((signer) => ({ name, digest: sha256_hex ?? '', ...signer })),
  )
  test.each(signed)('signs the digest of $name by RFC 6979 with $key', async (example) => {
    const key = vectors.keys[example.key]
    const signer = localSigner(privateKeyFromSec1(hex(key.sec1_der_hex)))
    const signature = await signer.sign(hex(example.digest))
    expect(signature.toString('hex')).toBe(example.rfc6979_signature_der_hex)
  })

  test('every signature of a digest verifies over the message', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { publicKey, sign } = localSigner(privateKey)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (message) => {
        const signature = await sign(createHash('sha256').update(message).digest())
        expect(verify('sha256', message, publicKey, signature)).toBe(true)
      }),
      { numRuns: runs(20) },
    )
  })

  test.each([
    ['random bytes', Buffer.from('not a key')],
    ['a key on another curve', ecKey('P-384').export({ type: 'sec1', format: 'der' })],
  ])('%s are no signing key', (_, der) => {
    expect(outcomeOf(() => privateKeyFromSec1(der))).toBe('key_malformed')
  })
})

describe('public keys', () => {
  const pem = vectors.keys.key1.spki_pem

  test.each(['P-224', 'P-256', 'P-384', 'P-521'])('an ECDSA key on %s is read', (curve) => {
    const text = ecPublicPem(curve)
    expect(publicKeyToPem(publicKeyFromPem(text))).toBe(text)
  })

  test('a key on another curve than P-256 signs no export', () => {
    expect(outcomeOf(() => p256PublicKeyFromPem(ecPublicPem('P-384')))).toBe('invalid_public_key')
  })

  test('line ends, text around and blanks of a pasted key do not matter', () => {
    const pasted = `The key of the authority:\r\n\r\n${pem.replaceAll('\n', '\r\n')}\r\nRegards`
    expect(publicKeyToPem(publicKeyFromPem(pasted))).toBe(pem)
  })

  const der = hex(vectors.keys.key1.spki_der_hex)
  test.each([
    ['nothing', ''],
    ['the private key of the pair', vectors.keys.key1.sec1_pem],
    ['a private key before the public one', `${vectors.keys.key1.sec1_pem}${pem}`],
    ['an RSA key', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey],
    ['an Ed25519 key', generateKeyPairSync('ed25519').publicKey],
    ['a key of a curve that is not of NIST', ecPublicPem('secp256k1')],
    ['bytes behind the key', pemOf(Buffer.concat([der, Buffer.of(0)]))],
    ['a cut key', pemOf(der.subarray(0, -1))],
    ['a point that is not on the curve', pemOf(Buffer.concat([der.subarray(0, -1), Buffer.of(1)]))],
    ['a compressed point', pemOf(compressed(der))],
    ['foreign characters', pem.replace('MFkw', 'MF*w')],
  ])('%s is refused', (_, key) => {
    const text = typeof key === 'string' ? key : publicKeyToPem(key)
    expect(outcomeOf(() => publicKeyFromPem(text))).toBe('invalid_public_key')
  })
})

function ecKey(namedCurve: string) {
  return createPrivateKey(
    generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'sec1', format: 'pem' }),
  )
}

function ecPublicPem(namedCurve: string): string {
  return publicKeyToPem(generateKeyPairSync('ec', { namedCurve }).publicKey)
}

function pemOf(der: Buffer): string {
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`
}

/** The same P-256 key with the point in its short form: a sign and x. */
function compressed(der: Buffer): Buffer {
  const header = hex('3039301306072a8648ce3d020106082a8648ce3d030107032200')
  const x = der.subarray(27, 59)
  const sign = 2 + ((der.at(-1) ?? 0) & 1)
  return Buffer.concat([header, Buffer.of(sign), x])
}

function outcomeOf(work: () => unknown): string {
  try {
    work()
    return 'read'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'no code'
  }
}
