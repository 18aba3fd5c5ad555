import { createVerify, type KeyObject, type Verify } from 'node:crypto'
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
  const check = signatureCheck(exportSig, publicKeys)
  check.update(exportBin)
  return check.verdicts()
}

/** `checkSignatures` for an export.bin that goes by in pieces. */
export interface SignatureCheck {
  update(piece: Uint8Array): void
  /** To be asked once, at the end. */
  verdicts(): CheckedSignature[]
}

export function signatureCheck(
  exportSig: Uint8Array,
  publicKeys: readonly ExportPublicKey[],
): SignatureCheck {
  const checks = lastOfEach(decodeSignatureList(exportSig)).map((signature) => ({
    signature,
    attempts: attempts(signature, publicKeys),
  }))
  return {
    update(piece) {
      for (const { attempts } of checks) for (const { verifier } of attempts) verifier.update(piece)
    },
    verdicts: () =>
      checks.map(({ signature: { keyId, keyVersion, signature }, attempts }) => ({
        keyId,
        keyVersion,
        verdict: judge(signature, attempts),
      })),
  }
}

function lastOfEach(signatures: readonly ExportSignature[]): ExportSignature[] {
  const named = signatures.map(
    (signature) => [JSON.stringify([signature.keyId, signature.keyVersion]), signature] as const,
  )
  return [...new Map(named).values()]
}

/** A look whether a signature is by one of the keys that have its name. */
interface Attempt {
  publicKey: string | KeyObject
  verifier: Verify
}

function attempts(
  { keyId, keyVersion }: SignatureId,
  publicKeys: readonly ExportPublicKey[],
): Attempt[] {
  return publicKeys
    .filter((known) => known.keyId === keyId && known.keyVersion === keyVersion)
    .map(({ publicKey }) => ({ publicKey, verifier: createVerify('sha256') }))
}

function judge(signature: Uint8Array, attempts: readonly Attempt[]): Verdict {
  if (attempts.length === 0) return 'unknown-key'
  const isValid = attempts.some(({ publicKey, verifier }) => {
    const key = typeof publicKey === 'string' ? publicKeyFromPem(publicKey) : publicKey
    return verifier.verify({ key, dsaEncoding: 'der' }, signature)
  })
  return isValid ? 'valid' : 'invalid'
}

function describe(signatures: readonly CheckedSignature[]): string {
  if (signatures.length === 0) return 'the archive holds no signature'
  const verdicts = signatures.map(
    ({ keyId, keyVersion, verdict }) => `key id "${keyId}" version "${keyVersion}": ${verdict}`,
  )
  return `no valid signature (${verdicts.join('; ')})`
}
