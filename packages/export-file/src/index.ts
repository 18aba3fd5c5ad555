export { decodeExport, type ParsedExport, type ParsedKey, toExportKey } from './decode-export.ts'
export {
  EXPORT_HEADER,
  type ExportEncoder,
  type ExportHeader,
  encodeExport,
  exportEncoder,
  fileEnd,
} from './encode-export.ts'
export * from './errors.ts'
export { type ExportKey, reportTypeCode, reportTypeOfCode } from './export-key.ts'
export { exportFilename, indexName } from './filenames.ts'
export { encodeIndex, parseIndex } from './index-file.ts'
export {
  ARCHIVE_LIMITS,
  type ArchiveLimits,
  type OpenedArchive,
  openArchive,
  readArchive,
} from './read-archive.ts'
export { type ExportSigner, signDigest, signExport } from './sign-export.ts'
export {
  decodeSignatureList,
  type ExportSignature,
  encodeSignatureList,
  MAX_SIGNATURES,
  SIGNATURE_ALGORITHM,
  type SignatureId,
} from './signature-list.ts'
export {
  type CheckedSignature,
  checkSignatures,
  type ExportPublicKey,
  type SignatureCheck,
  signatureCheck,
  type Verdict,
  type VerifiedArchive,
  verifyArchive,
} from './verify-archive.ts'
export { type ExportBin, type ExportSig, writeArchive } from './write-archive.ts'
