import { type KeyObject, verify } from 'node:crypto'
import { publicKeyFromPem } from '@ens/keys'
import { decodeExport, type ParsedExport } from './decode-export.ts'
import { exportNotVerified } from './errors.ts'
import { type ArchiveLimits, readArchive } from './read-archive.ts'
import { decodeSignatureList, type ExportSignature, type SignatureId } from './signature-list.ts'

/** A public key as Apple and Google are given it: with the id and version that signatures name. */
export interface ExportPublicKey extends SignatureId {
  /** PEM of an SPKI, or the key itself. It is parsed only if an archive has a signature of its id and version. */
  publicKey: string | KeyObject
}

/** What became of a signature; `unknown-key` if no public key has its id and version. */
export type Verdict = 'valid' | 'invalid' | 'unknown-key'

export interface CheckedSignature extends SignatureId {
  verdict: Verdict
}

export interface VerifiedArchive {
  exportBin: Buffer
  contents: ParsedExport
  /** One for each id and version, in the order of export.sig; at least one is valid. */
  signatures: CheckedSignature[]
}

/**
 * Reads an archive that one of the public keys vouches for: one valid signature is enough. Throws
 * `export_signature_invalid` if there is none, before anything but the zip and the signatures was parsed.
 */
export async function verifyArchive(input: {
  archive: Uint8Array
  publicKeys: readonly ExportPublicKey[]
  limits?: Partial<ArchiveLimits>
}): Promise<VerifiedArchive> {
  const { exportBin, exportSig } = await readArchive(input.archive, input.limits)
  const signatures = checkSignatures(exportBin, exportSig, input.publicKeys)
  if (!signatures.some(({ verdict }) => verdict === 'valid'))
    throw exportNotVerified(describe(signatures))
  return { exportBin, contents: decodeExport(exportBin), signatures }
}

/** The verdict over each id and version in an export.sig. Of several signatures with one id and version the last counts. */
export function checkSignatures(
  exportBin: Uint8Array,
  exportSig: Uint8Array,
  publicKeys: readonly ExportPublicKey[],
): CheckedSignature[] {
  return lastOfEach(decodeSignatureList(exportSig)).map((signature) => ({
    keyId: signature.keyId,
    keyVersion: signature.keyVersion,
    verdict: judge(exportBin, signature, publicKeys),
  }))
}

function lastOfEach(signatures: readonly ExportSignature[]): ExportSignature[] {
  const named = signatures.map(
    (signature) => [JSON.stringify([signature.keyId, signature.keyVersion]), signature] as const,
  )
  return [...new Map(named).values()]
}

function judge(
  exportBin: Uint8Array,
  signature: ExportSignature,
  publicKeys: readonly ExportPublicKey[],
): Verdict {
  const known = publicKeys.filter(
    ({ keyId, keyVersion }) => keyId === signature.keyId && keyVersion === signature.keyVersion,
  )
  if (known.length === 0) return 'unknown-key'
  const valid = known.some((key) => isSignedBy(exportBin, signature.signature, key.publicKey))
  return valid ? 'valid' : 'invalid'
}

function isSignedBy(
  exportBin: Uint8Array,
  signature: Uint8Array,
  key: string | KeyObject,
): boolean {
  const publicKey = typeof key === 'string' ? publicKeyFromPem(key) : key
  return verify('sha256', exportBin, { key: publicKey, dsaEncoding: 'der' }, signature)
}

function describe(signatures: readonly CheckedSignature[]): string {
  if (signatures.length === 0) return 'the archive holds no signature'
  const verdicts = signatures.map(
    ({ keyId, keyVersion, verdict }) => `key id "${keyId}" version "${keyVersion}": ${verdict}`,
  )
  return `no valid signature (${verdicts.join('; ')})`
}
