import { createHash } from 'node:crypto'
import type { Signer } from '@ens/keys'
import { memoryKeyManager } from '@ens/keys/testing'
import { expect, test } from 'vitest'
import { type ExportSigner, signDigest, signExport } from './sign-export.ts'
import { exportBinOf, sigVectors } from './testing/vectors.ts'
import { checkSignatures } from './verify-archive.ts'

const exportBin = exportBinOf('two-signature-infos')

async function newSigner(keyVersion: string): Promise<ExportSigner & { signer: Signer }> {
  const keys = memoryKeyManager()
  const id = await keys.createSigningKeyVersion(await keys.createSigningKey('exports', keyVersion))
  return { keyId: '310', keyVersion, signer: await keys.signer(id) }
}

const newSigners = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, number) => newSigner(`v${number}`)))

test.each([1, 2, 10])(
  'an export that %d keys sign verifies with each, in their order',
  async (count) => {
    const signers = await newSigners(count)
    const publicKeys = signers.map(({ signer, ...name }) => ({
      ...name,
      publicKey: signer.publicKey,
    }))

    const exportSig = await signExport(exportBin, signers)

    expect(checkSignatures(exportBin, exportSig, publicKeys)).toEqual(
      signers.map(({ keyId, keyVersion }) => ({ keyId, keyVersion, verdict: 'valid' })),
    )
  },
)

test.each(sigVectors.cases.filter(({ sha256_hex }) => sha256_hex))(
  'the signers of case $name are handed the digest of the whole file, header included',
  async (vector) => {
    const signers = vector.signers.map((signer) => ({
      keyId: signer.verification_key_id,
      keyVersion: signer.verification_key_version,
      signer: recordedSigner(vector.sha256_hex, signer.rfc6979_signature_der_hex),
    }))

    const exportSig = await signExport(exportBinOf(vector.export_bin_case), signers)

    expect(exportSig.toString('hex')).toBe(vector.export_sig_hex)
  },
)

/** Answers one digest with the signature that was made for it elsewhere. */
function recordedSigner(digestHex: string | undefined, signatureHex: string): Pick<Signer, 'sign'> {
  return {
    sign: async (digest) => {
      expect(Buffer.from(digest).toString('hex')).toBe(digestHex)
      return Buffer.from(signatureHex, 'hex')
    },
  }
}

test('a signature over the digest is one over the file', async () => {
  const signer = await newSigner('v1')
  const digest = createHash('sha256').update(exportBin).digest()

  const exportSig = await signDigest(digest, [signer])

  const publicKey = { ...signer, publicKey: signer.signer.publicKey }
  expect(checkSignatures(exportBin, exportSig, [publicKey])).toMatchObject([{ verdict: 'valid' }])
})

test('nothing leaves unsigned', async () => {
  await expect(signExport(exportBin, [])).rejects.toMatchObject({ code: 'export_signer_missing' })
})

test('a signer that signs with nothing is an error, not an unsigned file', async () => {
  const signer = { sign: async () => Buffer.alloc(0) }

  await expect(
    signExport(exportBin, [{ keyId: '310', keyVersion: 'v1', signer }]),
  ).rejects.toMatchObject({ code: 'export_signature_missing' })
})

test('more signatures than the format allows are refused', async () => {
  await expect(signExport(exportBin, await newSigners(11))).rejects.toMatchObject({
    code: 'export_too_many_signers',
  })
})

test('one signer that fails fails the export', async () => {
  const good = await newSigner('v1')
  const signer = { sign: () => Promise.reject(new Error('out of reach')) }

  await expect(signExport(exportBin, [good, { ...good, signer }])).rejects.toThrow('out of reach')
})

test('an abort reaches the signers', async () => {
  const signer = await newSigner('v1')
  const signal = AbortSignal.abort(new Error('too late'))

  await expect(signExport(exportBin, [signer], { signal })).rejects.toMatchObject({
    code: 'key_manager_unavailable',
  })
})
