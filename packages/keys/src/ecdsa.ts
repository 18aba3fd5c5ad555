import { createPublicKey, type KeyObject } from 'node:crypto'
import { invalidPublicKey, invalidSignatureEncoding } from './errors.ts'

/** Curves of public keys, by OpenSSL's name, with the length of a coordinate in bytes. */
const COORDINATE_LENGTHS = new Map([
  ['secp224r1', 28],
  ['prime256v1', 32],
  ['secp384r1', 48],
  ['secp521r1', 66],
])
const UNCOMPRESSED_POINT = 0x04
const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Reads the first PEM block as an ECDSA public key: SubjectPublicKeyInfo on a named NIST curve with an
 * uncompressed point, nothing behind it. The curve is the caller's business; ES256 and export signatures need P-256.
 */
export function publicKeyFromPem(pem: string): KeyObject {
  const der = publicKeyDer(pem)
  const key = parsedPublicKey(der)
  const coordinateLength = COORDINATE_LENGTHS.get(key.asymmetricKeyDetails?.namedCurve ?? '')
  if (!coordinateLength) {
    throw invalidPublicKey('the public key is not an ECDSA key on a NIST curve')
  }
  const exact = der.equals(key.export({ type: 'spki', format: 'der' }))
  if (!exact || der.at(-2 * coordinateLength - 1) !== UNCOMPRESSED_POINT) {
    throw invalidPublicKey('the public key is not in the plain uncompressed form')
  }
  return key
}

/** As `publicKeyFromPem`, and refuses every curve but P-256. */
export function p256PublicKeyFromPem(pem: string): KeyObject {
  const key = publicKeyFromPem(pem)
  if (!isP256(key)) throw invalidPublicKey('the public key is not on the curve P-256')
  return key
}

export function isP256(key: KeyObject): boolean {
  return key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
}

/** SubjectPublicKeyInfo in PEM (`BEGIN PUBLIC KEY`), the form shared with Apple and Google. */
export function publicKeyToPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

function publicKeyDer(pem: string): Buffer {
  const [, label, body = ''] = PEM_BLOCK.exec(pem) ?? []
  if (label === undefined) throw invalidPublicKey('the public key is not PEM')
  if (label !== 'PUBLIC KEY') {
    throw invalidPublicKey(`the PEM block is a ${label}; a PUBLIC KEY is needed`)
  }
  const base64 = body.replace(/\s/g, '')
  if (!BASE64.test(base64)) throw invalidPublicKey('the PEM block of the public key is damaged')
  return Buffer.from(base64, 'base64')
}

function parsedPublicKey(der: Buffer): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch (cause) {
    throw invalidPublicKey('the PEM block holds no public key', { cause })
  }
}

const INTEGER = 0x02
const SEQUENCE = 0x30
const LENGTH_IN_NEXT_BYTE = 0x81

/** r and s, of equal length (IEEE P1363; what Azure and JWTs use), to ASN.1 DER. */
export function derFromIeee1363(signature: Uint8Array): Buffer {
  const half = signature.length / 2
  if (!Number.isInteger(half) || half === 0 || half > 66) {
    throw invalidSignatureEncoding(`${signature.length} bytes are not r and s of equal length`)
  }
  const integers = [signature.subarray(0, half), signature.subarray(half)].map(derInteger)
  return derValue(SEQUENCE, Buffer.concat(integers))
}

/** ASN.1 DER to r and s, each of `coordinateLength` bytes (32 on P-256). */
export function ieee1363FromDer(der: Uint8Array, coordinateLength = 32): Buffer {
  const sequence = readDerValue(SEQUENCE, Buffer.from(der))
  const r = readDerValue(INTEGER, sequence.contents)
  const s = readDerValue(INTEGER, r.rest)
  if (sequence.rest.length + s.rest.length > 0) {
    throw invalidSignatureEncoding('the DER signature has bytes behind its end')
  }
  return Buffer.concat([r, s].map(({ contents }) => fixedLength(contents, coordinateLength)))
}

function derInteger(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0)
  const minimal = start === -1 ? Buffer.of(0) : Buffer.from(bytes.subarray(start))
  // A set top bit would make the number negative.
  return derValue(INTEGER, isNegative(minimal) ? Buffer.concat([Buffer.of(0), minimal]) : minimal)
}

function isNegative(integer: Uint8Array): boolean {
  return (integer[0] ?? 0) >= 0x80
}

function derValue(tag: number, contents: Buffer): Buffer {
  const { length } = contents
  const header = length < 0x80 ? [tag, length] : [tag, LENGTH_IN_NEXT_BYTE, length]
  return Buffer.concat([Buffer.from(header), contents])
}

function readDerValue(tag: number, der: Buffer): { contents: Buffer; rest: Buffer } {
  const long = der[1] === LENGTH_IN_NEXT_BYTE
  const start = long ? 3 : 2
  const length = der[start - 1] ?? 0
  const badLength = long ? length < 0x80 : length >= 0x80
  if (der[0] !== tag || badLength || der.length < start + length) {
    throw invalidSignatureEncoding('the signature is not DER of two integers')
  }
  return { contents: der.subarray(start, start + length), rest: der.subarray(start + length) }
}

function fixedLength(integer: Buffer, length: number): Buffer {
  const [first, second = 0xff] = integer
  const padded = first === 0 && integer.length > 1
  const magnitude = padded ? integer.subarray(1) : integer
  const wasteful = padded && second < 0x80
  if (integer.length === 0 || wasteful || isNegative(integer) || magnitude.length > length) {
    throw invalidSignatureEncoding('r or s of the DER signature is negative, wasteful or too long')
  }
  return Buffer.concat([Buffer.alloc(length - magnitude.length), magnitude])
}
