import { createHash } from 'node:crypto'
import type { Signer } from '@ens/keys'
import { exportWithoutSigner, signatureMissing, tooManySigners } from './errors.ts'
import {
  type ExportSignature,
  encodeSignatureList,
  MAX_SIGNATURES,
  type SignatureId,
} from './signature-list.ts'

/** A signing key, and the id and version under which phones know its public key. */
export interface ExportSigner extends SignatureId {
  signer: Pick<Signer, 'sign'>
}

/** The export.sig of a finished export.bin; see `signDigest`. */
export function signExport(
  exportBin: Uint8Array,
  signers: readonly ExportSigner[],
  options?: { signal?: AbortSignal },
): Promise<Buffer> {
  return signDigest(createHash('sha256').update(exportBin).digest(), signers, options)
}

/**
 * The export.sig of the export.bin with this SHA-256. The signers are those named inside that file, in the same
 * order; no phone takes an unsigned file, so without any this throws `export_signer_missing`.
 */
export async function signDigest(
  digest: Uint8Array,
  signers: readonly ExportSigner[],
  options?: { signal?: AbortSignal },
): Promise<Buffer> {
  if (signers.length === 0) throw exportWithoutSigner()
  if (signers.length > MAX_SIGNATURES)
    throw tooManySigners(`${signers.length} signing keys; a file holds ${MAX_SIGNATURES}`)
  const signatures = signers.map((signer) => sign(digest, signer, options))
  return encodeSignatureList(await Promise.all(signatures))
}

async function sign(
  digest: Uint8Array,
  { signer, keyId, keyVersion }: ExportSigner,
  options?: { signal?: AbortSignal },
): Promise<ExportSignature> {
  const signature = await signer.sign(digest, options)
  if (signature.length === 0)
    throw signatureMissing(`key id "${keyId}" version "${keyVersion}" gave an empty signature`)
  return { keyId, keyVersion, signature }
}
