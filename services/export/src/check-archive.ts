import { checkSignatures, readArchive, type SignatureId } from '@ens/export-file'
import { type Archive, sha256 } from './build-archive.ts'
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
  const { exportBin, exportSig } = await readArchive(contents, LIMITS)
  if (!sha256(exportBin).equals(exportDigest))
    throw archiveDamaged('the archive does not hold the export.bin that was written')
  const publicKeys = signers.map(({ keyId, keyVersion, signer }) => {
    return { keyId, keyVersion, publicKey: signer.publicKey }
  })
  const verdicts = checkSignatures(exportBin, exportSig, publicKeys)
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
