import { isAppError } from '@ens/errors'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeSignatureList, encodeSignatureList } from './signature-list.ts'
import { example, sigVectors } from './testing/vectors.ts'

const signaturesOf = (vector: (typeof sigVectors.cases)[number]) =>
  vector.signers.map((signer) => ({
    keyId: signer.verification_key_id,
    keyVersion: signer.verification_key_version,
    signature: Buffer.from(signer.rfc6979_signature_der_hex, 'hex'),
  }))

test.each(sigVectors.cases)(
  'the export.sig of case $name is byte for byte as it must be',
  (vector) => {
    expect(encodeSignatureList(signaturesOf(vector)).toString('hex')).toBe(vector.export_sig_hex)
  },
)

test.each(sigVectors.cases)('the export.sig of case $name reads back', (vector) => {
  const exportSig = Buffer.from(vector.export_sig_hex, 'hex')

  expect(decodeSignatureList(exportSig)).toEqual(signaturesOf(vector))
})

test('the published example holds one signature of 72 bytes', () => {
  const [signature, ...others] = decodeSignatureList(example.exportSig)

  expect(signature).toMatchObject({ keyId: 'some_id', keyVersion: '1' })
  expect(signature?.signature).toHaveLength(72)
  expect(others).toEqual([])
})

test('an empty signature, id or version is left out', () => {
  const bare = { keyId: '', keyVersion: '', signature: Buffer.alloc(0) }

  const exportSig = encodeSignatureList([bare])

  expect(exportSig.toString('hex')).toBe(
    '0a1b0a152a13312e322e3834302e31303034352e342e332e321001' + '1801',
  )
  expect(decodeSignatureList(exportSig)).toEqual([bare])
})

test('random bytes are read or refused, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(outcome(bytes)).toMatch(/^(read|export_file_malformed)$/)
    }),
    { numRuns: runs(2_000) },
  )
})

function outcome(exportSig: Uint8Array): string {
  try {
    decodeSignatureList(exportSig)
    return 'read'
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
}
