import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type ExportHeader, encodeExport } from './encode-export.ts'
import type { ExportKey } from './export-key.ts'
import { encodeSignatureList } from './signature-list.ts'
import type { ExportPublicKey } from './verify-archive.ts'
import { writeArchive } from './write-archive.ts'

/** A key pair to sign test archives with, under an id and a version. */
export interface TestSigner extends ExportPublicKey {
  publicKey: KeyObject
  privateKey: KeyObject
}

export function testSigner(keyId = '310', keyVersion = 'v1'): TestSigner {
  return { keyId, keyVersion, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) }
}

/** An archive as a server would publish it, of a window of four hours in May 2020 unless told otherwise. */
export function testArchive(
  signer: TestSigner,
  keys: readonly ExportKey[],
  more: Partial<ExportHeader> & { revisedKeys?: readonly ExportKey[] } = {},
): Promise<Buffer> {
  const { keyId, keyVersion, privateKey } = signer
  const exportBin = encodeExport({
    start: 1_589_400_000,
    end: 1_589_414_400,
    region: 'US',
    signatureInfos: [{ keyId, keyVersion }],
    keys,
    revisedKeys: [],
    ...more,
  })
  const signature = sign('sha256', exportBin, { key: privateKey, dsaEncoding: 'der' })
  return writeArchive(exportBin, encodeSignatureList([{ keyId, keyVersion, signature }]))
}
