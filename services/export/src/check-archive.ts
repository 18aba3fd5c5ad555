import { createHash } from 'node:crypto'
import { openArchive, type SignatureId, signatureCheck } from '@ens/export-file'
import type { Archive } from './build-archive.ts'
import type { OpenSigner } from './deps.ts'
import { archiveDamaged } from './errors.ts'

/** More than any archive of ours: each is at most as large as its keys, a few times over. */
const LIMITS = { archiveBytes: 2 ** 30, exportBinBytes: 2 ** 30 }

/**
 * Makes sure that this is the archive of that export.bin, and that every one of the signers vouches for it. Throws
 * `export_archive_damaged`.
 */
export async function checkArchive(
  contents: Uint8Array,
  { exportDigest }: Pick<Archive, 'exportDigest'>,
  signers: readonly OpenSigner[],
): Promise<void> {
  const archive = openArchive(contents, LIMITS)
  const publicKeys = signers.map(({ keyId, keyVersion, signer }) => {
    return { keyId, keyVersion, publicKey: signer.publicKey }
  })
  const check = signatureCheck(await archive.exportSig(), publicKeys)
  const digest = createHash('sha256')
  for await (const piece of archive.exportBin()) {
    digest.update(piece)
    check.update(piece)
  }
  if (!digest.digest().equals(exportDigest))
    throw archiveDamaged('the archive does not hold the export.bin that was written')
  const verdicts = check.verdicts()
  const unsigned = signers.filter(
    (signer) => !verdicts.some((one) => isOf(one, signer) && one.verdict === 'valid'),
  )
  if (unsigned.length === 0) return
  const names = unsigned.map(({ keyId, keyVersion }) => `${keyId} ${keyVersion}`).join(', ')
  throw archiveDamaged(`the signature of ${names} does not verify with that key's public key`)
}

function isOf(a: SignatureId, b: SignatureId): boolean {
  return a.keyId === b.keyId && a.keyVersion === b.keyVersion
}
