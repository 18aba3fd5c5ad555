import { createPublicKey } from 'node:crypto'
import { isAppError } from '@ens/errors'
import { describe, expect, test } from 'vitest'
import { decodeExport } from './decode-export.ts'
import { readArchive } from './read-archive.ts'
import { encodeSignatureList } from './signature-list.ts'
import { example, exampleKey, exportBinOf, sigVectors, zipVectors } from './testing/vectors.ts'
import { checkSignatures, signatureCheck, verifyArchive } from './verify-archive.ts'
import { writeArchive } from './write-archive.ts'

const publicKeys = zipVectors.public_keys.map((key) => ({
  keyId: key.key_id,
  keyVersion: key.key_version,
  publicKey: key.pem,
}))

describe.each(zipVectors.cases)('the archive "$name"', (vector) => {
  const archive = Buffer.from(vector.zip_base64, 'base64')

  test(`is ${vector.reader_accepts ? 'read' : 'refused'} by a reader`, async () => {
    const outcome = await outcomeOf(async () =>
      decodeExport((await readArchive(archive)).exportBin),
    )

    expect(outcome).toMatch(
      vector.reader_accepts ? /^fine$/ : /^export_(archive_unreadable|file_malformed)$/,
    )
  })

  test(`is ${vector.importer_signature_valid ? 'vouched for' : 'not vouched for'}`, async () => {
    const outcome = await outcomeOf(() => verifyArchive({ archive, publicKeys }))

    expect(outcome === 'fine').toBe(vector.importer_signature_valid)
  })
})

test.each(sigVectors.verification)('signature "$name" is valid: $valid', (vector) => {
  const exportBin = exportBinOf('typical-unsorted-input')
  const name = { keyId: '310', keyVersion: 'v1' }
  const publicKey = sigVectors.keys[vector.public_key]?.spki_pem ?? ''
  const exportSig = encodeSignatureList([
    { ...name, signature: Buffer.from(vector.signature_hex, 'hex') },
  ])

  const signatures = checkSignatures(exportBin, exportSig, [{ ...name, publicKey }])

  expect(signatures).toEqual([{ ...name, verdict: vector.valid ? 'valid' : 'invalid' }])
  const inPieces = signatureCheck(exportSig, [{ ...name, publicKey }])
  for (let at = 0; at < exportBin.length; at += 7) inPieces.update(exportBin.subarray(at, at + 7))
  expect(inPieces.verdicts()).toEqual(signatures)
})

describe('the published example archive', () => {
  test('verifies with its public key, given as PEM or as key', async () => {
    const asKey = { ...exampleKey, publicKey: createPublicKey(example.publicKey) }
    for (const publicKey of [exampleKey, asKey]) {
      const verified = await verifyArchive({ archive: example.archive, publicKeys: [publicKey] })

      expect(verified.exportBin.equals(example.exportBin)).toBe(true)
      expect(verified.contents.keys).toHaveLength(2)
      expect(verified.signatures).toEqual([{ keyId: 'some_id', keyVersion: '1', verdict: 'valid' }])
    }
  })

  test('holds exactly the published parts', async () => {
    expect(await readArchive(example.archive)).toEqual({
      exportBin: example.exportBin,
      exportSig: example.exportSig,
    })
  })

  test('does not verify without the header of export.bin', () => {
    const body = example.exportBin.subarray(16)

    expect(checkSignatures(body, example.exportSig, [exampleKey])).toMatchObject([
      { verdict: 'invalid' },
    ])
  })
})

test('of an unverified archive it is said which signature lacks what', async () => {
  const strangers = [
    { ...exampleKey, keyVersion: '2' },
    { ...exampleKey, publicKey: sigVectors.keys.key1?.spki_pem ?? '' },
  ]
  const verify = (publicKeys: typeof strangers) =>
    verifyArchive({ archive: example.archive, publicKeys })

  await expect(verify(strangers.slice(0, 1))).rejects.toThrow(
    'no valid signature (key id "some_id" version "1": unknown-key)',
  )
  await expect(verify(strangers)).rejects.toThrow('key id "some_id" version "1": invalid')
})

test('one valid signature among several vouches, and each is reported', async () => {
  const exportBin = exportBinOf('two-signature-infos')
  const vector = sigVectors.cases.find(({ name }) => name === 'two-signers')
  const archive = await writeArchive(exportBin, Buffer.from(vector?.export_sig_hex ?? '', 'hex'))
  const second = sigVectors.keys.key2?.spki_pem ?? ''

  const verified = await verifyArchive({
    archive,
    publicKeys: [{ keyId: '310', keyVersion: 'v1', publicKey: second }],
  })

  expect(verified.signatures).toEqual([
    { keyId: '310', keyVersion: 'v2', verdict: 'unknown-key' },
    { keyId: '310', keyVersion: 'v1', verdict: 'valid' },
  ])
})

test('two public keys may share id and version; one that verifies is enough', () => {
  const impostor = { ...exampleKey, publicKey: sigVectors.keys.key1?.spki_pem ?? '' }

  expect(
    checkSignatures(example.exportBin, example.exportSig, [impostor, exampleKey]),
  ).toMatchObject([{ verdict: 'valid' }])
})

test('a public key behind one that verifies is not looked at', () => {
  const damaged = { ...exampleKey, publicKey: 'no PEM' }

  expect(
    checkSignatures(example.exportBin, example.exportSig, [exampleKey, damaged]),
  ).toMatchObject([{ verdict: 'valid' }])
})

test('a public key that does not parse is an error only if the archive has a signature of its name', () => {
  const damaged = { ...exampleKey, publicKey: 'no PEM' }
  const check = (keyVersion: string) =>
    checkSignatures(example.exportBin, example.exportSig, [{ ...damaged, keyVersion }])

  expect(check('2')).toMatchObject([{ verdict: 'unknown-key' }])
  expect(() => check('1')).toThrow()
})

async function outcomeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'fine'
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
}
